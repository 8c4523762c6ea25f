"""Points that lose on a task type can be left out of the choice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.sweep.guard import Guard, Loss
from shoptune.sweep.points import Estimate, Point, best_point, verdict
from tests.sweep.made_points import made_point

TYPES = ["ranking"] * 20 + ["retrieval"] * 20
SIGNIFICANTLY, AT_ALL = Guard("significantly", TYPES), Guard("at_all", TYPES)


def _point(alpha: float, ranking: int, retrieval: int) -> Point:
    """A point with so many right answers to 20 questions of each type."""
    scores = [1.0] * ranking + [0.0] * (20 - ranking) + [1.0] * retrieval + [0.0] * (20 - retrieval)
    means = {"ranking": ranking / 20, "retrieval": retrieval / 20}
    estimates = {name: Estimate(mean, mean, mean) for name, mean in means.items()}
    return replace(made_point(alpha, *scores), by_task_type=estimates)


BASE = _point(0.0, ranking=15, retrieval=5)
WORSE_RANKING = _point(1.0, ranking=5, retrieval=20)
ONE_LESS = _point(0.5, ranking=14, retrieval=10)
NONE_LESS = _point(0.25, ranking=15, retrieval=7)


def test_a_point_that_loses_on_a_task_type_can_be_left_out() -> None:
    points = [WORSE_RANKING, BASE, ONE_LESS, NONE_LESS]
    assert best_point(points) is WORSE_RANKING
    assert best_point(points, SIGNIFICANTLY) is ONE_LESS  # one of 20 answers is no significant loss
    assert best_point(points, AT_ALL) is NONE_LESS
    assert best_point([WORSE_RANKING, BASE], SIGNIFICANTLY) is BASE


def test_rounding_is_no_loss() -> None:
    rounded = replace(
        BASE, by_task_type={name: Estimate(mean.score - 1e-16, 0, 1) for name, mean in BASE.by_task_type.items()}
    )
    assert rounded.by_task_type["ranking"].score < 0.75
    assert AT_ALL.losses(rounded, BASE) == []


def test_the_task_types_that_lose_are_named() -> None:
    assert SIGNIFICANTLY.losses(WORSE_RANKING, BASE) == AT_ALL.losses(WORSE_RANKING, BASE) == ["ranking"]
    assert SIGNIFICANTLY.losses(ONE_LESS, BASE) == []
    assert AT_ALL.losses(ONE_LESS, BASE) == ["ranking"]


@pytest.mark.parametrize("loss", ["significantly", "at_all"])
@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4))
def test_the_chosen_point_never_loses_on_a_task_type(loss: Loss, scores: list[tuple[int, int]]) -> None:
    points, guard = [_point(float(alpha), *right) for alpha, right in enumerate(scores)], Guard(loss, TYPES)
    best = best_point(points, guard)
    assert not guard.losses(best, points[0])
    assert best.overall.score >= points[0].overall.score


@pytest.mark.parametrize(
    ("guard", "worse"), [(SIGNIFICANTLY, "is significantly worse than"), (AT_ALL, "scores lower than")]
)
def test_the_verdict_says_what_the_highest_score_would_have_cost(guard: Guard, worse: str) -> None:
    sentence = verdict([WORSE_RANKING, BASE, NONE_LESS], NONE_LESS, guard)
    assert sentence.startswith("alpha 0.25 is best with 0.550; ")
    assert sentence.endswith(f"; alpha 1 has 0.625 but {worse} alpha 0 on ranking (0.750 to 0.250).")


def test_the_verdict_says_that_every_other_point_was_left_out() -> None:
    sentence = verdict([WORSE_RANKING, BASE], BASE, SIGNIFICANTLY)
    assert sentence.endswith("; every other point is significantly worse than alpha 0 on a task type.")
    assert verdict([ONE_LESS, BASE], BASE, AT_ALL).endswith(
        "; every other point scores lower than alpha 0 on a task type."
    )
