"""The points of a sweep: kept, compared, drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.sweep.curve import draw_curve
from shoptune.sweep.points import Point, best_point, load_point, save_point, verdict


def _point(alpha: float, *scores: float) -> Point:
    mean = sum(scores) / len(scores)
    return Point(alpha, mean, (mean - 0.1, mean + 0.1), {"track": mean}, {"ranking": mean, "retrieval": 0.5}, scores)


def test_a_saved_point_is_the_same_point(tmp_path: Path) -> None:
    point = _point(0.56, 1.0, 0.25)
    save_point(tmp_path, point)
    assert load_point(tmp_path, 0.56) == point
    assert load_point(tmp_path, 0.57) is None


def test_among_equals_the_nearest_to_the_base_is_best() -> None:
    assert best_point([_point(1.0, 0.5), _point(0.5, 0.5), _point(0.0, 0.4)]).alpha == 0.5


def test_the_verdict_tells_what_is_significant() -> None:
    points = [_point(0.0, *[0.0] * 40), _point(0.5, *[1.0] * 39, 0.0), _point(1.0, *[1.0] * 38, 0.0, 0.0)]
    sentence = verdict(points)
    assert sentence.startswith("alpha 0.5 is best with 0.975; it is significantly better than alpha 0 (+0.975 [")
    assert "; it is not significantly better than alpha 1 (+0.025 [+0.000, " in sentence


def test_the_curve_is_the_same_drawing_each_time(tmp_path: Path) -> None:
    points = [_point(1.0, 0.7), _point(0.0, 0.2), _point(0.5, 0.9)]
    for name in ("a.svg", "b.svg"):
        draw_curve(points, tmp_path / name)
    drawing = (tmp_path / "a.svg").read_text()
    assert drawing == (tmp_path / "b.svg").read_text()
    assert "best 0.5" in drawing
    assert "ranking" in drawing


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1.25])
def test_a_grid_of_one_point_has_a_verdict(alpha: float) -> None:
    assert verdict([_point(alpha, 0.5)]) == f"alpha {alpha:g} is best with 0.500."
