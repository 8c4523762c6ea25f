"""A run with a bad loss is stopped, and a healthy run is not."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.errors import Problem
from shoptune.train.watchdog import Watchdog


def _first(losses: Iterable[float]) -> Problem | None:
    watchdog = Watchdog()
    found = (watchdog.problem({"step": step, "loss": loss}) for step, loss in enumerate(losses, start=1))
    return next((problem for problem in found if problem), None)


@pytest.mark.parametrize("entry", [{"loss": math.nan}, {"loss": math.inf}, {"loss": 1.0, "grad_norm": math.nan}])
def test_a_loss_or_gradient_that_is_not_a_number_stops_the_run(entry: dict[str, float]) -> None:
    problem = Watchdog().problem({"step": 3, **entry})
    assert str(problem) == (
        "training: step 3: the loss is not a number; "
        "lower learning_rate, set max_grad_norm: 1, or train in bf16 instead of fp16"
    )


def test_a_lasting_spike_ends_the_run() -> None:
    problem = _first([2.0] * 10 + [7.0] * 3)
    assert problem
    assert problem.where == "step 13"
    assert problem.what == "the loss stays at 7.00, after 2.00"


def test_a_short_spike_of_the_loss_does_not_stop_the_run() -> None:
    assert _first(([2.0] * 10 + [7.0] * 2) * 5) is None


def test_a_loss_of_exactly_zero_ends_the_run() -> None:
    problem = _first([2.0, 0.0, 0.0, 0.0])
    assert problem
    assert "exactly 0 for 3 log entries; set another attn_implementation" in str(problem)


def test_entries_without_a_loss_are_passed_over() -> None:
    assert Watchdog().problem({"step": 5, "eval_loss": 3.0, "train_runtime": 2.0}) is None


@given(st.lists(st.floats(min_value=0.01, max_value=0.99), max_size=80))
def test_small_losses_never_end_a_run(losses: list[float]) -> None:
    assert _first(losses) is None


@given(st.floats(min_value=0.5, max_value=10), st.lists(st.floats(min_value=0.6, max_value=1.4), max_size=80))
def test_ordinary_noise_never_ends_a_run(level: float, noise: list[float]) -> None:
    assert _first(level * factor for factor in noise) is None
