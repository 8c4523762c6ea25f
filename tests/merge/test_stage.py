"""The merge stage writes the base plus exactly the delta, rounded once."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.config import load
from shoptune.errors import ShoptuneError
from shoptune.merge import blocks
from shoptune.merge.config import MergeConfig, WeightedAdapter
from shoptune.merge.sources import Sources
from shoptune.merge.stage import MERGE, Job
from shoptune.stage import run

from .conftest import HIDDEN, LAYER, SHAPES, WIDE, WriteAdapter

UP = "model.layers.0.mlp.up_proj"


def _merge(
    base: Checkpoint, out: Path, adapters: list[tuple[Path, float]], **settings: object
) -> dict[str, torch.Tensor]:
    config = MergeConfig.model_validate(
        {
            "base": str(base.path),
            "adapters": [{"path": str(path), "weight": weight} for path, weight in adapters],
            **settings,
        }
    )
    run(MERGE, Job(config, Sources.of(config, Path("m.yaml"))), out)
    return {name: tensor for shard in Checkpoint(out).shards for name, tensor in load_file(shard).items()}


@pytest.fixture
def first(write_adapter: WriteAdapter) -> Path:
    return write_adapter(
        "first",
        {LAYER: (torch.randn(2, HIDDEN), torch.randn(HIDDEN, 2)), UP: (torch.randn(2, HIDDEN), torch.randn(WIDE, 2))},
    )


@pytest.fixture
def second(write_adapter: WriteAdapter) -> Path:
    return write_adapter("second", {LAYER: (torch.randn(3, HIDDEN), torch.randn(HIDDEN, 3))}, rank=3, alpha=6)


def _dense(adapter: Path, module: str, scale: float) -> torch.Tensor:
    factors = load_file(adapter / "adapter_model.safetensors")
    a, b = (factors[f"base_model.model.{module}.lora_{side}.weight"].double() for side in "AB")
    return scale * b @ a


def test_the_merged_weights_are_the_float64_sum_rounded_once(
    base: Checkpoint, first: Path, second: Path, tmp_path: Path
) -> None:
    merged = _merge(base, tmp_path / "out", [(first, 0.75), (second, -0.5)], wise_ft_alpha=0.56, dtype="float16")
    original = {name: tensor for shard in base.shards for name, tensor in load_file(shard).items()}
    # first: 4 / 2, second: 6 / 3
    delta = 0.56 * (0.75 * _dense(first, LAYER, 2) - 0.5 * _dense(second, LAYER, 2))
    expected = (original[f"{LAYER}.weight"].double() + delta).to(torch.float16)
    difference = (merged[f"{LAYER}.weight"].double() - expected.double()).abs()
    assert (difference <= expected.double().abs() * 2**-10).all()  # one unit in the last place of float16
    expected = (original[f"{UP}.weight"].double() + 0.56 * 0.75 * _dense(first, UP, 2)).to(torch.float16)
    assert torch.allclose(merged[f"{UP}.weight"], expected, rtol=2**-10, atol=0)
    untouched = set(SHAPES) - {f"{LAYER}.weight", f"{UP}.weight"}
    assert all(torch.equal(merged[name], original[name].half()) for name in untouched)


def test_alpha_zero_is_the_base_bit_for_bit(base: Checkpoint, first: Path, tmp_path: Path) -> None:
    _merge(base, tmp_path / "out", [(first, 1.0)], wise_ft_alpha=0, dtype="bfloat16")
    for shard in base.shards:
        original, merged = load_file(shard), load_file(tmp_path / "out" / shard.name)
        assert original.keys() == merged.keys()
        assert all(torch.equal(original[name].view(torch.int16), merged[name].view(torch.int16)) for name in original)


def test_the_order_of_adapters_changes_nothing_but_rounding(
    base: Checkpoint, first: Path, second: Path, tmp_path: Path
) -> None:
    one = _merge(base, tmp_path / "one", [(first, 0.3), (second, 0.7)], dtype="float32")
    other = _merge(base, tmp_path / "other", [(second, 0.7), (first, 0.3)], dtype="float32")
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_everything_else_is_carried_over(base: Checkpoint, first: Path, tmp_path: Path) -> None:
    _merge(base, tmp_path / "out", [(first, 1.0)], dtype="float16")
    out = tmp_path / "out"
    assert (out / "tokenizer.json").read_bytes() == (base.path / "tokenizer.json").read_bytes()
    assert json.loads((out / "config.json").read_text())["torch_dtype"] == "float16"
    index = json.loads((out / "model.safetensors.index.json").read_text())
    assert index["weight_map"] == json.loads((base.path / "model.safetensors.index.json").read_text())["weight_map"]
    assert index["metadata"]["total_size"] == sum(2 * torch.zeros(shape).numel() for shape in SHAPES.values())


def test_small_blocks_give_the_same_bytes(
    base: Checkpoint, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _merge(base, tmp_path / "whole", [(first, 1.0)])
    monkeypatch.setattr(blocks, "_BLOCK_ENTRIES", 2 * HIDDEN)  # two rows at a time
    in_pieces = _merge(base, tmp_path / "blocks", [(first, 1.0)])
    assert all(torch.equal(whole[name], in_pieces[name]) for name in whole)


def test_the_same_merge_twice_gives_the_same_bytes(base: Checkpoint, first: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        _merge(base, tmp_path / name, [(first, 1.0)])
    for file in sorted((tmp_path / "one").iterdir()):
        if file.name != "manifest.json":
            assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_values_beyond_float16_are_an_error(base: Checkpoint, write_adapter: WriteAdapter, tmp_path: Path) -> None:
    huge = write_adapter("huge", {LAYER: (torch.full((2, HIDDEN), 300.0), torch.full((HIDDEN, 2), 300.0))})
    with pytest.raises(
        ShoptuneError, match=r"q_proj\.weight: 64 values do not fit torch\.float16; merge with dtype: bfloat16"
    ):
        _merge(base, tmp_path / "out", [(huge, 1.0)], dtype="float16")
    assert not (tmp_path / "out").exists()


def test_nan_in_the_base_is_an_error(base: Checkpoint, first: Path, tmp_path: Path) -> None:
    tensors = load_file(base.shards[0])
    tensors[f"{LAYER}.weight"][0, 0] = float("nan")
    save_file(tensors, base.shards[0])
    with pytest.raises(ShoptuneError, match="the base holds NaN or infinity"):
        _merge(base, tmp_path / "out", [(first, 1.0)])


def test_a_missing_adapter_names_the_key(base: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match=r"^m\.yaml: adapters\[0\]\.path: no folder"):
        _merge(base, tmp_path / "out", [(tmp_path / "none", 1.0)])


def test_a_path_alone_is_an_adapter_with_weight_1(tmp_path: Path) -> None:
    file = tmp_path / "merge.yaml"
    file.write_text("base: b\nadapters: [one]\n")
    assert load(file, MergeConfig).adapters == (WeightedAdapter(path="one", weight=1.0),)
    assert load(file, MergeConfig, ["adapters=[x, {path: y, weight: 2}]"]).adapters[1].weight == 2
