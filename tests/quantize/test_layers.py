"""The figures of 4-bit layers, compared with values worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.quantize.layers import Grid, Layer, LayerChecks, base_of, report, round_to_nearest, sentences
from shoptune.quantize.source import PaddedSource
from tests.publishing import make

_NAME = "model.layers.0.mlp.up_proj.weight"


def _checkpoint(folder: Path, weight: torch.Tensor) -> Checkpoint:
    folder.mkdir(exist_ok=True)
    save_file({_NAME: weight}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"intermediate_size": len(weight)}))
    return Checkpoint(folder)


def _checks(tmp_path: Path, weight: torch.Tensor, base: torch.Tensor | None = None, width: int = 2) -> LayerChecks:
    source = PaddedSource(_checkpoint(tmp_path / "model", weight), width)
    found = _checkpoint(tmp_path / "base", base) if base is not None else None
    return LayerChecks(source, Grid(2, symmetric=True), found, tmp_path / "kept")


def test_rounding_is_that_of_the_formats() -> None:
    # Asymmetric: 0 to 15 in steps of 1 with zero point 7.5 -> 8; both ends are on the grid, 0.4 becomes 0.
    weight = torch.tensor([[-7.0, 8.0, 0.4, 3.6]])
    assert round_to_nearest(weight, 4, symmetric=False).tolist() == [[-7.0, 8.0, 0.0, 4.0]]
    # Symmetric: the scale is 7.5 / 7.5 = 1, and 7.5 is rounded to 8, then limited to 7.
    weight = torch.tensor([[7.5, -7.5, 0.4, 3.6]])
    assert round_to_nearest(weight, 4, symmetric=True).tolist() == [[7.0, -8.0, 0.0, 4.0]]
    # Groups have scales of their own.
    assert round_to_nearest(torch.tensor([[7.5, 1.0, 0.75, 0.1]]), 2, symmetric=True)[0, 2].item() == pytest.approx(0.7)


@given(st.lists(st.floats(-100, 100, width=32), min_size=8, max_size=8), st.booleans())
def test_rounding_moves_no_weight_further_than_a_step(values: list[float], symmetric: bool) -> None:
    weight = torch.tensor([values])
    rounded = round_to_nearest(weight, 8, symmetric=symmetric)
    step = (
        float(weight.abs().max()) / 7.5 if symmetric else float(weight.max().clamp(0) - weight.min().clamp(max=0)) / 15
    )
    assert float((rounded - weight).abs().max()) <= step * 1.001 + 1e-6


def test_figures_of_a_layer_by_hand(tmp_path: Path) -> None:
    base = torch.tensor([[7.5, 0.4], [3.75, 0.5]])  # rounds to [7, 0] and [3.5, 0.5]
    checks = _checks(tmp_path, base + torch.tensor([[0.0, 3.0], [4.0, 0.0]]), base)
    quantized = base + torch.tensor([[0.0, 3.0], [4.0, 2.0]])
    layer = checks.record(_NAME, quantized, largest_activation=70000.0)
    assert layer.error_norm == 2.0
    assert layer.max_error == 2.0
    assert layer.error_share == pytest.approx(2 / math.sqrt(7.5**2 + 3.4**2 + 7.75**2 + 0.5**2))
    assert layer.base_error_norm == pytest.approx(math.sqrt(0.5**2 + 0.4**2 + 0.25**2))
    assert layer.delta_norm == pytest.approx(5.0)
    assert layer.delta_to_error == pytest.approx(5 / math.sqrt(0.4725))
    assert layer.overflows_float16
    assert checks.layers() == [layer], "a resumed run reads what was kept"


def test_padding_is_part_of_the_comparison(tmp_path: Path) -> None:
    checks = _checks(tmp_path, torch.ones(2, 2), torch.zeros(2, 2), width=4)
    layer = checks.record(_NAME, torch.cat([torch.ones(2, 2), torch.full((2, 2), 3.0)]))
    assert layer.error_norm == 6.0  # four entries of padding became 3
    assert layer.delta_norm == 2.0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_and_infinity_are_refused(tmp_path: Path, bad: float) -> None:
    checks = _checks(tmp_path, torch.ones(2, 2))
    with pytest.raises(
        ShoptuneError, match=r"up_proj\.weight: is NaN or infinite after quantization; calibrate on more"
    ):
        checks.record(_NAME, torch.tensor([[1.0, bad], [1.0, 1.0]]))
    with pytest.raises(ShoptuneError, match=r"has NaN or infinite activations on the calibration samples; merge with"):
        checks.record(_NAME, torch.ones(2, 2), largest_activation=bad)
    with pytest.raises(ShoptuneError, match=r"up_proj\.weight: contains NaN or infinity; merge again"):
        _checks(tmp_path, torch.full((2, 2), bad)).record(_NAME, torch.ones(2, 2))


def _layer(name: str, error: float, delta: float | None = None, activation: float = 1.0) -> Layer:
    return Layer(f"model.layers.0.{name}.weight", 10.0, error, error, activation, 2.0 if delta else None, delta)


def test_the_report_sums_as_one_matrix_would() -> None:
    layers = [_layer("mlp.up_proj", 3.0, 4.0), _layer("mlp.down_proj", 4.0, 1.5, activation=1e5)]
    summary = report(layers, "")
    assert summary["weight_error"]["error_share"] == pytest.approx(5 / math.sqrt(200))
    assert summary["weight_error"]["delta_to_error"] == pytest.approx(math.sqrt(4**2 + 1.5**2) / math.sqrt(8))
    assert summary["by_kind"]["up_proj"]["error_share"] == pytest.approx(0.3)
    assert summary["float16_overflows"] == ["model.layers.0.mlp.down_proj.weight"]
    assert "no_base" not in summary
    assert sentences(layers) == [
        "4 bits changed the weights by 35.4% of their norm; the delta's norm is 1.51 times that of the base's rounding "
        "error, and below it in 1 of 2 layers",
        "activations beyond float16's 65504 in 1 layers: model.layers.0.mlp.down_proj.weight",
    ]


def test_without_a_base_the_report_states_the_reason() -> None:
    summary = report([_layer("mlp.up_proj", 3.0)], "the base is gone")
    assert summary["no_base"] == "the base is gone"
    assert summary["weight_error"]["delta_to_error"] is None


def test_the_base_comes_from_the_merge_manifest(tmp_path: Path) -> None:
    _checkpoint(tmp_path / "base", torch.ones(2, 2))
    assert base_of(tmp_path / "base")[1].endswith("was not written by `shoptune merge`")
    made = make(Request("merge", {}, {"base": tmp_path / "base"}), tmp_path / "merged", lambda folder: folder)
    found, why = base_of(made.path)
    assert found is not None
    assert (found.path, why) == (tmp_path / "base", "")
    _checkpoint(tmp_path / "base", torch.zeros(2, 2))
    assert base_of(made.path)[1].endswith("has changed since the merge")
    (tmp_path / "base").rename(tmp_path / "elsewhere")
    assert base_of(made.path)[1].endswith("no longer exists")
