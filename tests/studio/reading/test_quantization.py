"""Layers, calibration sets and grids of 4-bit checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.artifacts.manifest import Request
from shoptune.quantize.layers import Layer, report
from shoptune.studio.reading.quantization import (
    GridScore,
    budget,
    calibrations,
    gates,
    grids,
    quantized,
    read_table,
    table,
)
from shoptune.studio.run_folder import RunFolder
from shoptune.sweep.grid_points import Scored
from shoptune.sweep.grid_points import table as write_table
from tests.publishing import make

LAYERS = [
    Layer("model.layers.10.mlp.up_proj.weight", 10.0, 1.0, 0.5, 12.0, 2.0, 3.0),
    Layer("model.layers.9.mlp.down_proj.weight", 10.0, 2.0, 0.25, None, 2.0, 1.0),
]
CALIBRATION = {
    "samples": 24,
    "left_out": 1,
    "blocks": 4,
    "block_length": 512,
    "repeated_tokens": 3,
    "cut_tokens": 0,
    "tokens_by_task_type": {"generation": 426, "ranking": 396},
}


def _points() -> list[Scored]:
    return [
        Scored("group_size 64", 0.5, 0.25, 0.75, {"ranking": 0.5, "retrieval": 0.25}, (1.0, 0.0)),
        Scored("a | b, group_size 128", 1.0, 0.5, 1.0, {"ranking": 1.0, "retrieval": 0.75}, (1.0, 1.0)),
    ]


def test_layers_and_calibration_of_a_report(tmp_path: Path) -> None:
    text = json.dumps({"engine": "autoawq", "calibration": CALIBRATION} | report(LAYERS, ""))
    request = Request("quantize", {"engine": "autoawq"}, {})
    make(request, tmp_path / "awq", lambda folder: (folder / "quantize_report.json").write_text(text))
    gate = {
        "reference": "base",
        "prompts": 3,
        "tokens": 2,
        "forms": [{"name": "4-bit", "mean_kl": 0.1, "passes": True}],
    }
    make(
        Request("merge", {"adapters": []}, {}),
        tmp_path / "merged",
        lambda folder: (folder / "parity.json").write_text(json.dumps(gate)),
    )
    run = RunFolder.open(tmp_path)
    (found,) = quantized(run)
    assert table(found, "error_share").layers == ("9", "10")
    assert table(found, "error_share").kinds == ("up_proj", "down_proj")
    assert table(found, "error_share").cells == ((None, 0.2), (0.1, None))
    assert table(found, "delta_to_error").cells == ((None, 0.5), (1.5, None))
    assert table(found, "largest_activation").cells == ((None, None), (12.0, None))
    (calibrated,) = calibrations(run)
    assert (calibrated.samples, calibrated.tokens) == (24, {"generation": 426, "ranking": 396})
    assert [gate.name for gate in gates(run)] == ["merged"]
    assert budget(run) == []


def test_a_grid_is_read_from_its_table(tmp_path: Path) -> None:
    first, second = _points()

    def write(folder: Path) -> None:
        (folder / "table.md").write_text(write_table([first, second], None))
        (folder / "verdict.txt").write_text("The second is best.\n")

    make(Request("grid", {}, {}), tmp_path / "grid", write)
    (found,) = grids(RunFolder.open(tmp_path))
    assert found.verdict == "The second is best."
    assert [point.name for point in found.points] == ["a | b, group_size 128", "group_size 64"]
    assert found.points[1] == GridScore("group_size 64", 0.5, 0.25, 0.75, None, {"ranking": 0.5, "retrieval": 0.25})


def test_differences_from_the_baseline_are_read() -> None:
    first, second = _points()
    baseline, best, other = read_table(write_table([first], second) + write_table([second], first).splitlines()[3])
    assert baseline.against is None
    assert best.against == pytest.approx(first.against(second), abs=1e-4)
    assert other.against == pytest.approx(second.against(first), abs=1e-4)


SCORES = st.floats(0, 1)


@given(st.lists(st.tuples(SCORES, SCORES, SCORES), min_size=1, max_size=5))
def test_every_point_of_a_table_is_read(values: list[tuple[float, float, float]]) -> None:
    points = [
        Scored(f"point {n}", score, low, high, {"ranking": low}, (score,))
        for n, (score, low, high) in enumerate(values)
    ]
    read = {point.name: point for point in read_table(write_table(points, None))}
    for point in points:
        assert read[point.name].score == pytest.approx(point.score, abs=1e-4)
        assert read[point.name].high == pytest.approx(point.high, abs=1e-3)
        assert read[point.name].by_task_type == {"ranking": pytest.approx(point.low, abs=1e-3)}
