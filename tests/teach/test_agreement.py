"""The judge's report: how often it notices answers that are wrong on purpose."""

from __future__ import annotations

import duckdb
import pytest

from tests.teach.shipped import RECIPES


def _report(*answers: tuple[bool, int]) -> dict[str, float | None]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE answers (spoiled BOOLEAN, correctness INTEGER)")
        connection.executemany("INSERT INTO answers VALUES (?, ?)", [list(answer) for answer in answers])
        queries = RECIPES["judge"].report
        return {name: connection.execute(query).fetchall()[0][0] for name, query in queries.items()}


def test_a_perfect_judge() -> None:
    found = _report((True, 1), (True, 2), (False, 4), (False, 5))
    assert found == {
        "known_bad_rows": 2,
        "known_bad_rows_called_wrong": 1,
        "known_bad_rows_accepted": 0,
        "rows_accepted": 1,
        "agreement": 1,
    }


def test_agreement_is_the_chance_that_a_row_beats_a_known_bad_one() -> None:
    # Pairs of a row (5, 3, 3) and a known-bad one (1, 3): 5>1, 5>3, 3>1, 3=3, 3>1, 3=3: 4 wins and 2 ties of 6.
    found = _report((True, 1), (True, 3), (False, 5), (False, 3), (False, 3))
    assert found["agreement"] == pytest.approx(5 / 6)
    assert found["known_bad_rows_called_wrong"] == 0.5
    assert found["rows_accepted"] == pytest.approx(1 / 3)


def test_a_judge_that_gives_all_the_same_score_agrees_by_chance() -> None:
    assert _report((True, 5), (True, 5), (False, 5))["agreement"] == 0.5
    assert _report((False, 5))["agreement"] is None
