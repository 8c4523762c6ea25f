"""Batches are rendered in order, and no further than they are wanted."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from shoptune.data.executor import _in_order


def test_results_come_in_order_with_work_ahead() -> None:
    submitted: list[int] = []

    def work() -> Any:
        for number in range(5):
            submitted.append(number)
            yield number

    results = _in_order(work(), 3, result=lambda piece: piece, cancel=submitted.remove)
    seen = [(number, len(submitted)) for number in results]
    assert seen == [(0, 3), (1, 4), (2, 5), (3, 5), (4, 5)]


def test_what_is_no_longer_wanted_is_called_off() -> None:
    futures: list[Future[Any]] = [Future() for _ in range(9)]
    futures[0].set_result("first")
    results = _in_order(iter(futures), 4, result=lambda future: future.result(), cancel=lambda future: future.cancel())
    assert next(results) == "first"
    results.close()  # type: ignore[attr-defined]
    assert [future.cancelled() for future in futures] == [False] + [True] * 3 + [False] * 5
