"""Options of plots: which values are drawn, where, and which are left out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shoptune.studio.plots.curves import Curve, curve_options
from shoptune.studio.plots.heat_map import heat_height, heat_options
from shoptune.studio.plots.intervals import Bar, Measured, Series, bar_options, interval_options, weight_options
from shoptune.studio.reading.weights import by_layer

POINTS = [Measured(0, 0.0, 0.2, 0.1, 0.3), Measured(1, 1.0, 0.4, 0.35, 0.5)]
ALL = [
    curve_options([Curve("a", "red", [(1, 2.0)])], "Step", "Loss"),
    interval_options([Series("all", "red", POINTS)], "alpha", "score", joined=True),
    bar_options([Bar("merged", 0.1, 0.0, 0.2)], "difference", "red", baseline=0.0),
    weight_options(POINTS, [0.1, 0.2], "weight", "alpha", None),
    heat_options(by_layer({"model.layers.0.mlp.up_proj.weight": 1.0}), "error"),
]


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("options", ALL)
def test_options_are_data_without_code(options: dict[str, Any]) -> None:
    assert json.loads(json.dumps(options)) == options
    assert not [key for key in _keys(options) if key.startswith(":")]  # would be evaluated as JavaScript


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show() -> None:
    curve = Curve("a", "red", [(1, 2.0), (2, 0.0), (3, -1.0)])
    assert curve_options([curve], "Step", "Loss", logarithmic=True)["series"][0]["data"] == [[1, 2.0]]
    assert len(curve_options([curve], "Step", "Loss")["series"][0]["data"]) == 3
    assert curve_options([curve], "Step", "Loss", logarithmic=True)["yAxis"]["type"] == "log"


def test_raw_and_smoothed_curves_share_a_place_in_the_legend() -> None:
    raw, smooth = Curve("a", "red", [(1, 2.0)], is_raw=True), Curve("a", "red", [(1, 2.0)])
    assert "legend" not in curve_options([raw, smooth], "Step", "Loss")
    assert "legend" in curve_options([raw, Curve("b", "blue", [])], "Step", "Loss")
    first, second = curve_options([raw, smooth], "Step", "Loss")["series"]
    assert (first["lineStyle"]["opacity"], second["lineStyle"]["opacity"]) == (0.3, 1.0)
    assert first["z"] < second["z"]


def test_axes_end_beyond_the_intervals() -> None:
    options = interval_options([Series("all", "red", POINTS)], "alpha", "score", joined=True)
    assert options["yAxis"]["min"] < 0.1
    assert options["yAxis"]["max"] > 0.5
    counts = bar_options([Bar("ranking", 396, 0, 396), Bar("generation", 426, 0, 426)], "tokens", "red")
    assert counts["xAxis"]["min"] == 0
    assert counts["xAxis"]["max"] > 426
    one = bar_options([Bar("a", 0.5, 0.5, 0.5)], "score", "red")["xAxis"]
    assert one["min"] < 0.5 < one["max"]


def test_a_click_on_a_point_tells_its_number() -> None:
    bars, points = interval_options([Series("all", "red", POINTS)], "alpha", "score", joined=True, chosen=1)["series"]
    assert [entry["value"] for entry in points["data"]] == [[0.0, 0.2, 0.1, 0.3, 0], [1.0, 0.4, 0.35, 0.5, 1]]
    assert points["data"][1]["symbolSize"] > points["data"][0]["symbolSize"]
    assert bars["data"][0]["coords"] == [[0.0, 0.1], [0.0, 0.3]]
    assert (points["type"], bars["silent"]) == ("line", True)


def test_a_heat_map_has_a_cell_for_each_figure() -> None:
    table = by_layer({"model.layers.1.mlp.up_proj.weight": -0.5, "model.layers.0.self_attn.q_proj.weight": 0.25})
    options = heat_options(table, "cosine", around_zero=True)
    assert options["xAxis"]["data"] == ["q_proj", "up_proj"]
    assert options["series"][0]["data"] == [
        {"value": [0, 0, 0.25], "name": "layer 0, q_proj"},
        {"value": [1, 1, -0.5], "name": "layer 1, up_proj"},
    ]
    assert (options["visualMap"]["min"], options["visualMap"]["max"]) == (-0.5, 0.5)
    assert heat_height(by_layer({f"model.layers.{n}.mlp.up_proj.weight": 0.0 for n in range(80)})) > 80 * 12


def test_equal_figures_have_a_scale() -> None:
    visual = heat_options(by_layer({"model.layers.0.mlp.up_proj.weight": 1.0}), "error")["visualMap"]
    assert visual["min"] < 1.0 < visual["max"]
    assert heat_options(by_layer({}), "error")["series"][0]["data"] == []


def test_bars_have_a_line_at_the_baseline() -> None:
    intervals, points = bar_options([Bar("a", 0.1, 0.0, 0.2), Bar("b", 0.3, 0.3, 0.3)], "d", "red", baseline=0)[
        "series"
    ]
    assert intervals["data"][0]["coords"] == [[0.0, 0], [0.2, 0]]
    assert points["data"] == [[0.1, 0], [0.3, 1]]
    assert points["markLine"]["data"] == [{"xAxis": 0}]
