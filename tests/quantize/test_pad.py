"""Zero-padding: the padded model computes the same function."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.checkpoint import INDEX, Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.quantize import pad
from shoptune.quantize.pad import pad_checkpoint
from shoptune.quantize.widths import padded_width
from shoptune.runtime.progress import bar


@pytest.mark.parametrize(
    ("width", "gpus", "padded"),
    [
        (29568, 8, 29696),  # Qwen2-72B: 231 groups become 232 = 8 x 29
        (29568, 1, 29568),
        (704, 1, 768),
        (768, 1, 768),
        (768, 4, 1024),
    ],
)
def test_the_width_is_whole_groups_on_every_gpu(width: int, gpus: int, padded: int) -> None:
    assert padded_width(width, 128, gpus) == padded


def _mlp(tensors: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    gate, up, down = (tensors[f"model.layers.0.mlp.{name}_proj.weight"] for name in ("gate", "up", "down"))
    return (torch.nn.functional.silu(x @ gate.T) * (x @ up.T)) @ down.T


def _checkpoint(directory: Path, *, width: int = 6, indexed: bool = False) -> Checkpoint:
    directory.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    shapes = {"gate": (width, 4), "up": (width, 4), "down": (4, width)}
    tensors = {
        f"model.layers.0.mlp.{name}_proj.weight": torch.randn(*shape, generator=generator, dtype=torch.float64)
        for name, shape in shapes.items()
    }
    tensors["model.embed_tokens.weight"] = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    save_file(tensors, directory / "model.safetensors")
    (directory / "config.json").write_text(json.dumps({"intermediate_size": 6, "hidden_size": 4}))
    (directory / "tokenizer.json").write_text("{}")
    if indexed:
        (directory / INDEX).write_text(json.dumps({"weight_map": dict.fromkeys(tensors, "model.safetensors")}))
    return Checkpoint(directory)


def _pad(checkpoint: Checkpoint, width: int, out: Path) -> dict[str, torch.Tensor]:
    out.mkdir()
    with bar("pad", 1) as progress:
        pad_checkpoint(checkpoint, width, out, progress)
    return load_file(out / "model.safetensors")


def test_the_padded_layer_computes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = _checkpoint(tmp_path / "model")
    monkeypatch.setattr(pad, "_BLOCK_BYTES", 64)  # several blocks per tensor
    padded = _pad(checkpoint, 8, tmp_path / "out")
    x = torch.randn(3, 4, dtype=torch.float64)
    # the sums are of the same numbers and some zeros; only their order may differ
    assert torch.allclose(_mlp(padded, x), _mlp(load_file(checkpoint.shards[0]), x), rtol=0, atol=1e-12)
    assert padded["model.layers.0.mlp.gate_proj.weight"].shape == (8, 4)
    assert padded["model.layers.0.mlp.down_proj.weight"].shape == (4, 8)
    assert padded["model.layers.0.mlp.up_proj.weight"][6:].abs().sum() == 0
    assert padded["model.layers.0.mlp.down_proj.weight"][:, 6:].abs().sum() == 0


def test_fused_gate_and_up_layers_are_padded_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apart, fused = _checkpoint(tmp_path / "apart"), _checkpoint(tmp_path / "fused")
    tensors, stem = load_file(apart.shards[0]), "model.layers.0.mlp."
    both = torch.cat([tensors.pop(f"{stem}{name}_proj.weight") for name in ("gate", "up")])
    save_file(tensors | {f"{stem}gate_up_proj.weight": both}, fused.path / "model.safetensors")
    monkeypatch.setattr(pad, "_BLOCK_BYTES", 64)
    expected, padded = _pad(apart, 8, tmp_path / "a"), _pad(fused, 8, tmp_path / "f")
    halves = torch.cat([expected.pop(f"{stem}{name}_proj.weight") for name in ("gate", "up")])
    assert torch.equal(padded.pop(f"{stem}gate_up_proj.weight"), halves)
    assert all(torch.equal(padded[name], expected[name]) for name in padded.keys() | expected.keys())


def test_the_config_has_the_new_width_and_is_otherwise_unchanged(tmp_path: Path) -> None:
    _pad(_checkpoint(tmp_path / "model", indexed=True), 8, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text()) == {"intermediate_size": 8, "hidden_size": 4}
    assert (tmp_path / "out" / "tokenizer.json").read_text() == "{}"
    index = json.loads((tmp_path / "out" / INDEX).read_text())
    assert index["metadata"]["total_size"] == (3 * 8 * 4 + 5 * 4) * 8  # float64


def test_padding_to_the_same_width_copies_the_checkpoint(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path / "model")
    padded, original = _pad(checkpoint, 6, tmp_path / "out"), load_file(checkpoint.shards[0])
    assert all(torch.equal(padded[name], original[name]) for name in original)


def test_a_width_that_differs_from_the_config_is_rejected(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path / "model", width=5)
    with pytest.raises(ShoptuneError, match=r"_proj\.weight: is 5 wide, but intermediate_size in config\.json is 6"):
        _pad(checkpoint, 8, tmp_path / "out")


def test_a_model_of_another_family_is_refused(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path / "model")
    (checkpoint.path / "config.json").write_text("{}")
    with pytest.raises(ShoptuneError, match="intermediate_size: is missing; choose a model of the Llama or Qwen2"):
        _pad(checkpoint, 8, tmp_path / "out")
