"""The points of a sweep are saved, compared and plotted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.sweep.curve import draw_curve
from shoptune.sweep.points import (
    Candidate,
    Estimate,
    Point,
    best_point,
    load_point,
    lower_task_types,
    save_point,
    verdict,
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


def _by_task_type(alpha: float, **scores: float) -> Point:
    point = _point(alpha, *scores.values())
    return replace(point, by_task_type={name: Estimate(score, score, score) for name, score in scores.items()})


BASE = _by_task_type(0.0, ranking=0.75, retrieval=0.25)
WORSE_RANKING = _by_task_type(1.0, ranking=0.5, retrieval=1.0)
BETTER = _by_task_type(0.5, ranking=0.75, retrieval=0.5)


def test_a_point_below_the_base_on_a_task_type_can_be_left_out() -> None:
    points = [WORSE_RANKING, BASE, BETTER]
    assert lower_task_types(WORSE_RANKING, BASE) == ["ranking"]
    assert best_point(points) is WORSE_RANKING
    assert best_point(points, no_task_type_below_base=True) is BETTER
    assert best_point([WORSE_RANKING, BASE], no_task_type_below_base=True) is BASE


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6))
def test_the_chosen_point_is_never_below_the_base_on_a_task_type(scores: list[tuple[int, int]]) -> None:
    points = [_by_task_type(float(alpha), ranking=a / 3, retrieval=b / 3) for alpha, (a, b) in enumerate(scores)]
    best = best_point(points, no_task_type_below_base=True)
    assert not lower_task_types(best, points[0])
    kept = [point for point in points if not lower_task_types(point, points[0])]
    assert best.overall.score == max(point.overall.score for point in kept)


def test_the_verdict_says_what_the_highest_score_would_have_cost() -> None:
    sentence = verdict([WORSE_RANKING, BASE, BETTER], BETTER)
    assert sentence.startswith("alpha 0.5 is best with 0.625; ")
    assert sentence.endswith("; alpha 1 has 0.750 but is below alpha 0 on ranking (0.750 to 0.500).")


def test_the_verdict_says_that_no_point_is_as_good_as_the_base_everywhere() -> None:
    reason = "no point is at least as good as alpha 0 on every task type, so the best is alpha 0 itself."
    assert verdict([WORSE_RANKING, BASE], BASE).endswith(reason)


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
