"""The points of a quantization grid, compared and drawn."""

from __future__ import annotations

from pathlib import Path

from shoptune.sweep.grid_points import Scored, draw, sentence, table


def _point(name: str, *scores: float) -> Scored:
    mean = sum(scores) / len(scores)
    return Scored(name, mean, mean - 0.1, mean + 0.1, {"ranking": mean}, scores)


BASELINE = _point("16 bits or more", 1.0, 1.0, 0.0, 1.0)
POINTS = [_point("max_length 128", 0.0, 1.0, 0.0, 0.0), _point("max_length 256", 1.0, 1.0, 0.0, 1.0)]


def test_the_table_has_the_best_point_first() -> None:
    lines = table(POINTS, BASELINE).splitlines()
    assert lines[0] == "| point | score | 95% interval | against 16 bits | ranking |"
    assert lines[1] == "|---|---:|---:|---:|---:|"
    assert lines[2] == "| 16 bits or more | 0.7500 | 0.650 to 0.850 |  | 0.750 |"
    assert lines[3] == "| max_length 256 | 0.7500 | 0.650 to 0.850 | +0.0000 [+0.0000, +0.0000] | 0.750 |"
    assert lines[4].startswith("| max_length 128 | 0.2500 | 0.150 to 0.350 | -0.5000 [-1.0000, +0.0000] |")


def test_the_sentence_names_the_best_and_what_it_loses() -> None:
    said = sentence(POINTS, BASELINE)
    assert said.startswith("max_length 256 is best with 0.7500 on 4 questions, +0.5000 [")
    assert said.endswith("against the model in 16 bits or more: +0.0000 [+0.0000, +0.0000].")
    assert sentence(POINTS[:1], None) == "max_length 128 is best with 0.2500 on 4 questions."


def test_a_saved_point_is_the_same_point(tmp_path: Path) -> None:
    POINTS[0].save(tmp_path / "point.json")
    assert Scored.load(tmp_path / "point.json") == POINTS[0]
    assert Scored.load(tmp_path / "other.json") is None


def test_the_plot_names_every_point(tmp_path: Path) -> None:
    draw(POINTS, BASELINE, tmp_path / "grid.svg")
    text = (tmp_path / "grid.svg").read_text()
    assert all(point.name in text for point in [*POINTS, BASELINE])
    draw(POINTS, BASELINE, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == text
