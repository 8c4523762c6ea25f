"""Certificates of merges by layer, and the angles between a run's adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request
from shoptune.merge.certificate import Certificate, RoundingStatistics
from shoptune.studio.reading.merge import compare_adapters, merges
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make

QUERY = "model.layers.0.self_attn.q_proj"


def write_adapter(folder: Path, b: torch.Tensor, **settings: object) -> None:
    """Write an adapter of rank 1 whose delta is `b` times a row of ones."""
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": 1, "lora_alpha": 1, "lora_dropout": 0.0} | settings)
    )
    name = f"base_model.model.{QUERY}.lora_{{}}.weight"
    save_file({name.format("A"): torch.ones(1, 4), name.format("B"): b}, folder / "adapter_model.safetensors")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make(Request("train", {"n": 1}, {}), tmp_path / "a", lambda folder: write_adapter(folder, torch.ones(2, 1)))
    other = torch.tensor([[3.0], [-1.0]])
    make(Request("train", {"n": 2}, {}), tmp_path / "b", lambda folder: write_adapter(folder, other))
    return tmp_path


def test_rounding_is_arranged_by_layer(directory: Path) -> None:
    certificate = Certificate()
    certificate.record(f"{QUERY}.weight", RoundingStatistics(entries=8, intended=4.0, survived=4.0, lost=1.0))
    certificate.record("model.layers.1.mlp.up_proj.weight", RoundingStatistics(entries=8, intended=16.0, lost=0.0))
    about = {"dtype": "float16", "method": "task_arithmetic"}
    make(Request("merge", {}, {}), directory / "merged", lambda folder: certificate.write(folder, about))
    (found,) = merges(RunFolder.open(directory))
    assert (found.name, found.dtype) == ("merged", "float16")
    table = found.table("lost_share")
    assert (table.layers, table.kinds) == (("0", "1"), ("q_proj", "up_proj"))
    assert table.cells == ((0.5, None), (None, 0.0))
    assert found.table("intended_norm").cells == ((2.0, None), (None, 4.0))
    assert "unchanged_share" in found.figures


def test_an_adapter_has_what_compressing_it_lost(directory: Path) -> None:
    value = {"rank": 4, "exact": False, "total_lost_share": 0.25, "lost_share": {f"{QUERY}.weight": 0.25}}
    make(
        Request("merge", {"x": 1}, {}),
        directory / "small",
        lambda folder: (folder / "certificate.json").write_text(json.dumps(value)),
    )
    (found,) = merges(RunFolder.open(directory))
    assert (found.dtype, list(found.figures), found.total) == ("", ["lost_share"], {"lost_share": 0.25})
    assert found.table("lost_share").cells == ((0.25,),)


def test_adapters_are_compared_with_each_other(directory: Path) -> None:
    found = compare_adapters(RunFolder.open(directory))
    assert list(found.names) == ["a", "b"]
    # deltas (1, 1) and (3, -1) times four columns: products 8, 40 and 8
    assert found.norms(0).cells == ((pytest.approx(8**0.5),),)
    assert found.norms(1).cells == ((pytest.approx(40**0.5),),)
    assert found.cosines(0, 1).cells == ((pytest.approx(8 / (8 * 40) ** 0.5),),)
    assert compare_adapters(RunFolder.open(directory)) is found  # kept in memory


def test_an_adapter_that_changes_is_read_again(directory: Path) -> None:
    before = compare_adapters(RunFolder.open(directory))
    make(Request("train", {"n": 3}, {}), directory / "b", lambda folder: write_adapter(folder, -torch.ones(2, 1)))
    after = compare_adapters(RunFolder.open(directory))
    assert after is not before
    assert after.products is not None
    assert after.products.cosine(0, 1) == pytest.approx(-1)


def test_an_adapter_that_depends_on_its_base_is_left_out_with_the_reason(directory: Path) -> None:
    make(
        Request("train", {"n": 4}, {}),
        directory / "dora",
        lambda folder: write_adapter(folder, torch.ones(2, 1), use_dora=True),
    )
    found = compare_adapters(RunFolder.open(directory))
    assert list(found.names) == ["a", "b"]
    assert "depend on the base" in found.problems["dora"]
