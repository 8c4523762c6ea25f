"""The points of a sweep are saved, compared and plotted."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.sweep.curve import draw_curve
from shoptune.sweep.points import Candidate, best_point, load_point, save_point, verdict
from tests.sweep.made_points import made_point as _point


def test_a_saved_point_is_the_same_point(tmp_path: Path) -> None:
    point = _point(0.56, 1.0, 0.25)
    save_point(tmp_path, point)
    assert load_point(tmp_path, point.candidate) == point
    assert load_point(tmp_path, Candidate(0.57, (0.5, 0.5))) is None
    assert load_point(tmp_path, Candidate(0.56, (0.4, 0.6))) is None


def test_among_equals_the_nearest_to_the_base_is_best() -> None:
    assert best_point([_point(1.0, 0.5), _point(0.5, 0.5), _point(0.0, 0.4)]).candidate.alpha == 0.5


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
