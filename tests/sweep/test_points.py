"""The points of a sweep are saved, compared and plotted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.sweep.curve import draw_curve
from shoptune.sweep.points import (
    Candidate,
    Estimate,
    Point,
    best_point,
    load_point,
    save_point,
    verdict,
    worse_task_types,
)


def _point(alpha: float, *scores: float, weights: tuple[float, ...] = (0.5, 0.5)) -> Point:
    mean = sum(scores) / len(scores)
    estimate = Estimate(mean, mean - 0.1, mean + 0.1)
    return Point(Candidate(alpha, weights), estimate, {"track": estimate}, {"ranking": estimate}, scores)


def test_a_saved_point_is_the_same_point(tmp_path: Path) -> None:
    point = _point(0.56, 1.0, 0.25)
    save_point(tmp_path, point)
    assert load_point(tmp_path, point.candidate) == point
    assert load_point(tmp_path, Candidate(0.57, (0.5, 0.5))) is None
    assert load_point(tmp_path, Candidate(0.56, (0.4, 0.6))) is None


def test_among_equals_the_nearest_to_the_base_is_best() -> None:
    assert best_point([_point(1.0, 0.5), _point(0.5, 0.5), _point(0.0, 0.4)]).candidate.alpha == 0.5


TYPES = ["ranking"] * 20 + ["retrieval"] * 20


def _of_two_types(alpha: float, ranking: int, retrieval: int) -> Point:
    """A point with so many right answers to 20 questions of each type."""
    scores = [1.0] * ranking + [0.0] * (20 - ranking) + [1.0] * retrieval + [0.0] * (20 - retrieval)
    means = {"ranking": ranking / 20, "retrieval": retrieval / 20}
    point = _point(alpha, *scores)
    return replace(point, by_task_type={name: Estimate(mean, mean, mean) for name, mean in means.items()})


BASE = _of_two_types(0.0, ranking=15, retrieval=5)
WORSE_RANKING = _of_two_types(1.0, ranking=5, retrieval=20)
BETTER = _of_two_types(0.5, ranking=14, retrieval=10)


def test_a_point_that_is_worse_than_the_base_on_a_task_type_can_be_left_out() -> None:
    points = [WORSE_RANKING, BASE, BETTER]
    assert worse_task_types(WORSE_RANKING, BASE, TYPES) == ["ranking"]
    assert worse_task_types(BETTER, BASE, TYPES) == []  # one of 20 answers is no significant loss
    assert best_point(points) is WORSE_RANKING
    assert best_point(points, TYPES) is BETTER
    assert best_point([WORSE_RANKING, BASE], TYPES) is BASE


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=4))
def test_the_chosen_point_is_never_worse_than_the_base_on_a_task_type(scores: list[tuple[int, int]]) -> None:
    points = [_of_two_types(float(alpha), *right) for alpha, right in enumerate(scores)]
    best = best_point(points, TYPES)
    assert not worse_task_types(best, points[0], TYPES)
    assert best.overall.score >= points[0].overall.score


def test_the_verdict_says_what_the_highest_score_would_have_cost() -> None:
    sentence = verdict([WORSE_RANKING, BASE, BETTER], BETTER, TYPES)
    assert sentence.startswith("alpha 0.5 is best with 0.600; ")
    assert sentence.endswith("; alpha 1 has 0.625 but is significantly worse than alpha 0 on ranking (0.750 to 0.250).")


def test_the_verdict_says_that_every_other_point_was_left_out() -> None:
    reason = "; every other point is significantly worse than alpha 0 on a task type."
    assert verdict([WORSE_RANKING, BASE], BASE, TYPES).endswith(reason)


def test_the_verdict_states_whether_the_difference_is_significant() -> None:
    points = [_point(0.0, *[0.0] * 40), _point(0.5, *[1.0] * 39, 0.0), _point(1.0, *[1.0] * 38, 0.0, 0.0)]
    sentence = verdict(points, best_point(points))
    assert sentence.startswith("alpha 0.5 is best with 0.975; it is significantly better than alpha 0 (+0.975 [")
    assert "; it is not significantly better than alpha 1 (+0.025 [+0.000, " in sentence


def test_the_verdict_names_weights_that_were_searched() -> None:
    points = [_point(0.5, 0.5), _point(0.7, 0.6, weights=(0.25, 0.75)), _point(0.8, 0.5)]
    assert verdict(points, points[1]) == "alpha 0.7 is best with 0.600 at weights 0.25, 0.75."


def test_the_verdict_points_at_the_edge_of_the_grid() -> None:
    beyond = "; no larger alpha was tried, and a better one may lie beyond."
    rising, falling = [_point(0.25, 0.5), _point(0.75, 0.6)], [_point(0.25, 0.7), _point(0.75, 0.6)]
    assert verdict(rising, rising[1]).endswith(beyond)
    assert not verdict(falling, falling[0]).endswith(beyond)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.25, 0.75)])
def test_the_curve_is_the_same_drawing_each_time(tmp_path: Path, weights: tuple[float, ...]) -> None:
    points = [_point(1.0, 0.7), _point(0.0, 0.2), _point(0.5, 0.9, weights=weights)]
    for name in ("a.svg", "b.svg"):
        draw_curve(points, points[2], tmp_path / name)
    drawing = (tmp_path / "a.svg").read_text()
    assert drawing == (tmp_path / "b.svg").read_text()
    assert "best 0.5" in drawing
    assert "ranking" in drawing


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1.25])
def test_a_grid_of_one_point_has_a_verdict(alpha: float) -> None:
    point = _point(alpha, 0.5)
    assert verdict([point], point) == f"alpha {alpha:g} is best with 0.500."
