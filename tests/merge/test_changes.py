"""Changes other than low-rank deltas: DoRA, whole modules, trained tokens and fully fine-tuned checkpoints."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.merge.config import MergeConfig
from shoptune.merge.sources import Sources
from shoptune.merge.stage import MERGE, Form, Job
from shoptune.stage import run

from .conftest import HIDDEN, LAYER, SHAPES, VOCABULARY, WIDE

Q, UP, EMBEDDING, OUTPUT, NORM = (
    f"{LAYER}.weight",
    "model.layers.0.mlp.up_proj.weight",
    "model.embed_tokens.weight",
    "lm_head.weight",
    "model.norm.weight",
)
_STEM = f"base_model.model.{LAYER}"
_RANDOM = torch.Generator().manual_seed(3)
_LORA = {
    f"{_STEM}.lora_A.weight": torch.randn(2, HIDDEN, generator=_RANDOM),
    f"{_STEM}.lora_B.weight": 0.1 * torch.randn(HIDDEN, 2, generator=_RANDOM),
}


def _adapter(folder: Path, tensors: Mapping[str, torch.Tensor], **settings: Any) -> Path:
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", **settings}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "adapter_model.safetensors")
    return folder


def _tuned(base: Checkpoint, folder: Path, **changes: Any) -> Path:
    """A checkpoint in one shard, with the base's weights moved a little."""
    folder.mkdir()
    generator = torch.Generator().manual_seed(5)
    moved = {
        name: (weight.float() + 0.01 * torch.randn(weight.shape, generator=generator)).to(torch.bfloat16)
        for name, weight in _weights(base.path).items()
    }
    save_file(moved, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(dict(base.config) | changes))
    return folder


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for shard in Checkpoint(folder).shards for name, tensor in load_file(shard).items()}


def _merge(base: Checkpoint, out: Path, members: list[tuple[Path, float]], **settings: Any) -> dict[str, torch.Tensor]:
    form = Form(as_adapter=settings.pop("as_adapter", False))
    listed = [{"path": str(path), "weight": weight} for path, weight in members]
    config = MergeConfig.model_validate({"base": str(base.path), "adapters": listed, "dtype": "float32", **settings})
    run(MERGE, Job(config, Sources.of(config, Path("m.yaml")), form), out)
    return _weights(out)


def _lora_delta() -> torch.Tensor:
    return 2 * _LORA[f"{_STEM}.lora_B.weight"].double() @ _LORA[f"{_STEM}.lora_A.weight"].double()


def _close(merged: torch.Tensor, expected: torch.Tensor) -> bool:
    return torch.allclose(merged.double(), expected, rtol=1e-6, atol=1e-6)  # of entries of about one, in float32


def _tie(base: Checkpoint) -> Checkpoint:
    """The base with its output layer tied and stored once."""
    (base.path / "config.json").write_text(json.dumps(dict(base.config) | {"tie_word_embeddings": True}))
    index = json.loads((base.path / "model.safetensors.index.json").read_text())
    shard = base.path / index["weight_map"].pop(OUTPUT)
    save_file({name: tensor for name, tensor in load_file(shard).items() if name != OUTPUT}, shard)
    (base.path / "model.safetensors.index.json").write_text(json.dumps(index))
    return Checkpoint(base.path)


def test_dora_rescales_each_row_to_its_magnitude(base: Checkpoint, tmp_path: Path) -> None:
    magnitude = torch.rand(HIDDEN) + 0.5
    dora = _adapter(tmp_path / "dora", _LORA | {f"{_STEM}.lora_magnitude_vector": magnitude}, use_dora=True)
    before = _weights(base.path)[Q].double()
    moved = before + _lora_delta()
    trained = moved * (magnitude.double() / moved.norm(dim=1)).view(-1, 1)
    assert _close(_merge(base, tmp_path / "one", [(dora, 1)])[Q], trained)
    expected = before + 0.5 * (0.75 * (trained - before) + 0.25 * _lora_delta())
    lora = _adapter(tmp_path / "lora", _LORA)
    assert _close(_merge(base, tmp_path / "both", [(dora, 0.75), (lora, 0.25)], wise_ft_alpha=0.5)[Q], expected)


def test_dora_of_an_embedding_rescales_its_columns(base: Checkpoint, tmp_path: Path) -> None:
    stem = "base_model.model.model.embed_tokens"
    a, b, magnitude = torch.randn(2, VOCABULARY), torch.randn(HIDDEN, 2), torch.rand(HIDDEN) + 0.5
    before = _weights(base.path)[EMBEDDING]
    tensors = {f"{stem}.lora_embedding_A": a, f"{stem}.lora_embedding_B": b, f"{stem}.lora_magnitude_vector": magnitude}
    dora = _adapter(tmp_path / "dora", tensors | {f"{stem}.base_layer.weight": before}, use_dora=True)
    moved = before.double() + 2 * (b.double() @ a.double()).T
    expected = moved * (magnitude.double() / moved.norm(dim=0)).view(1, -1)
    assert _close(_merge(base, tmp_path / "out", [(dora, 1)])[EMBEDDING], expected)


def test_whole_modules_count_by_their_difference_to_the_base(base: Checkpoint, tmp_path: Path) -> None:
    new = {"lm_head.weight": torch.randn(VOCABULARY, HIDDEN), "model.norm.weight": torch.rand(HIDDEN)}
    tensors = _LORA | {f"base_model.model.{name}": tensor for name, tensor in new.items()}
    first = _adapter(tmp_path / "first", tensors, modules_to_save=["lm_head", "norm"])
    alone = _merge(base, tmp_path / "alone", [(first, 1)])
    for name, tensor in new.items():
        assert _close(alone[name], tensor.double()), name
    second = _adapter(tmp_path / "second", _LORA)
    merged = _merge(base, tmp_path / "both", [(first, 0.75), (second, 0.25)], wise_ft_alpha=0.5)
    before = _weights(base.path)
    for name, tensor in new.items():
        assert _close(merged[name], before[name].double() + 0.5 * 0.75 * (tensor.double() - before[name].double()))
    assert _close(merged[Q], before[Q].double() + 0.5 * _lora_delta())


def test_trained_tokens_replace_their_rows(base: Checkpoint, tmp_path: Path) -> None:
    rows = torch.randn(2, HIDDEN)
    name = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"
    adapter = _adapter(tmp_path / "tokens", _LORA | {name: rows}, trainable_token_indices={"embed_tokens": [7, 3]})
    merged, before = _merge(base, tmp_path / "out", [(adapter, 1)])[EMBEDDING], _weights(base.path)[EMBEDDING]
    assert _close(merged[[7, 3]], rows.double())
    others = [number for number in range(VOCABULARY) if number not in {7, 3}]
    assert torch.equal(merged[others], before[others].float())


def test_a_tuned_checkpoint_is_a_member(base: Checkpoint, tmp_path: Path) -> None:
    tuned = _tuned(base, tmp_path / "tuned")
    before, after = _weights(base.path), _weights(tuned)
    half = _merge(base, tmp_path / "half", [(tuned, 1)], wise_ft_alpha=0.5)
    for name in SHAPES:
        assert _close(half[name], (before[name].double() + after[name].double()) / 2), name
    whole = _merge(base, tmp_path / "whole", [(tuned, 1)], dtype="bfloat16")
    assert all(torch.equal(whole[name], after[name]) for name in SHAPES)
    lora = _adapter(tmp_path / "lora", _LORA)
    both = _merge(base, tmp_path / "both", [(tuned, 0.5), (lora, 2)])
    assert _close(both[Q], before[Q].double() + 0.5 * (after[Q].double() - before[Q].double()) + 2 * _lora_delta())


def test_dense_methods_take_every_kind_of_member(base: Checkpoint, tmp_path: Path) -> None:
    tuned, lora = _tuned(base, tmp_path / "tuned"), _adapter(tmp_path / "lora", _LORA)
    merged = _merge(base, tmp_path / "out", [(tuned, 1), (lora, 1)], method={"method": "ties", "density": 1})
    before, after = _weights(base.path), _weights(tuned)
    assert _close(merged[NORM], after[NORM].double())
    ours, theirs = after[Q].double() - before[Q].double(), _lora_delta()
    agree = ours.sign() == theirs.sign()
    larger = torch.where(ours.abs() > theirs.abs(), ours, theirs)
    assert _close(merged[Q], before[Q].double() + torch.where(agree, (ours + theirs) / 2, larger))


def test_a_large_tensor_is_merged_in_blocks(base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = _tuned(base, tmp_path / "tuned")
    at_once = _merge(base, tmp_path / "once", [(tuned, 1)], wise_ft_alpha=0.7)
    monkeypatch.setattr("shoptune.merge.blocks._BLOCK_ENTRIES", 3 * HIDDEN)
    in_blocks = _merge(base, tmp_path / "blocks", [(tuned, 1)], wise_ft_alpha=0.7)
    assert all(torch.equal(at_once[name], in_blocks[name]) for name in SHAPES)


def test_a_tied_weight_trained_on_both_sides_is_one_change(base: Checkpoint, tmp_path: Path) -> None:
    base, new = _tie(base), torch.randn(VOCABULARY, HIDDEN)
    tensors = {f"base_model.model.{name}": new.clone() for name in (EMBEDDING, OUTPUT)}
    adapter = _adapter(tmp_path / "whole", tensors, modules_to_save=["embed_tokens", "lm_head"])
    merged = _merge(base, tmp_path / "out", [(adapter, 1)])
    assert _close(merged[EMBEDDING], new.double())
    assert OUTPUT not in merged
    a, b = torch.randn(2, HIDDEN), torch.randn(VOCABULARY, 2)
    stem = "base_model.model."
    both = {
        f"{stem}lm_head.lora_A.weight": a,
        f"{stem}lm_head.lora_B.weight": b,
        f"{stem}model.embed_tokens.lora_embedding_A": b.T,
        f"{stem}model.embed_tokens.lora_embedding_B": a.T,
    }
    merged = _merge(base, tmp_path / "lora-out", [(_adapter(tmp_path / "lora", both), 1)])
    assert _close(merged[EMBEDDING], _weights(base.path)[EMBEDDING].double() + 2 * b.double() @ a.double())


def test_a_tied_weight_trained_differently_on_its_sides_is_refused(base: Checkpoint, tmp_path: Path) -> None:
    tensors = {f"base_model.model.{name}": torch.randn(VOCABULARY, HIDDEN) for name in (EMBEDDING, OUTPUT)}
    adapter = _adapter(tmp_path / "x", tensors, modules_to_save=["embed_tokens", "lm_head"])
    with pytest.raises(ShoptuneError, match="differs from the change of the output layer"):
        _merge(_tie(base), tmp_path / "out", [(adapter, 1)])


def test_trained_tokens_of_a_tied_embedding_are_merged(base: Checkpoint, tmp_path: Path) -> None:
    name = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"
    rows = torch.randn(1, HIDDEN)
    adapter = _adapter(tmp_path / "tokens", {name: rows}, trainable_token_indices=[4])
    assert _close(_merge(_tie(base), tmp_path / "out", [(adapter, 1)])[EMBEDDING][4:5], rows.double())


def _refused(base: Checkpoint, tmp_path: Path, member: Path, **settings: Any) -> str:
    with pytest.raises(ShoptuneError) as caught:
        _merge(base, tmp_path / "out", [(member, 1)], **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_members_that_do_not_fit_are_refused(base: Checkpoint, tmp_path: Path) -> None:
    shallow = _tuned(base, tmp_path / "shallow", hidden_size=99)
    assert "is a model whose hidden_size is 99, not 8" in _refused(base, tmp_path, shallow)
    other = _tuned(base, tmp_path / "other")
    weights = _weights(other)
    save_file({name: weights[name] for name in weights if name != NORM}, other / "model.safetensors")
    assert "1 weights are in one of it and" in _refused(base, tmp_path, other)
    save_file(weights | {UP: torch.ones(WIDE + 1, HIDDEN)}, other / "model.safetensors")
    assert f"{UP}: is 13 x 8, the base's weight is 12 x 8" in _refused(base, tmp_path, other)
    save_file(weights | {UP: torch.full((WIDE, HIDDEN), math.nan)}, other / "model.safetensors")
    assert "a member changes it to NaN or infinity" in _refused(base, tmp_path, other)
    save_file(weights, other / "model.safetensors")
    assert "is a fully tuned checkpoint, which was not trained on NF4" in _refused(
        base, tmp_path, other, base_weights="nf4"
    )
    assert "not changed by low-rank factors alone" in _refused(base, tmp_path, other, as_adapter=True)


def test_adapters_whose_files_contradict_their_settings_are_refused(base: Checkpoint, tmp_path: Path) -> None:
    name = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"
    tokens = _adapter(tmp_path / "tokens", {name: torch.ones(2, HIDDEN)}, trainable_token_indices=[4])
    assert "has rows of 2 tokens, its config names 1" in _refused(base, tmp_path, tokens)
    beyond = _adapter(tmp_path / "beyond", {name: torch.ones(1, HIDDEN)}, trainable_token_indices=[VOCABULARY])
    assert f"trains token {VOCABULARY}, and the base has {VOCABULARY}" in _refused(base, tmp_path, beyond)
    unnamed = _adapter(tmp_path / "unnamed", {f"base_model.model.{NORM}": torch.ones(HIDDEN)})
    assert "is neither a LoRA factor nor part of a module" in _refused(base, tmp_path, unnamed)
    saved = {"base_model.model.lm_head.base_layer.weight": torch.ones(VOCABULARY, HIDDEN)}
    resized = _adapter(tmp_path / "resized", saved)
    assert "which is not the base's" in _refused(base, tmp_path, resized)
    grown = _adapter(tmp_path / "grown", {f"base_model.model.{OUTPUT}": torch.ones(VOCABULARY + 1, HIDDEN)})
    assert f"holds {VOCABULARY + 1} tokens, and the base has {VOCABULARY}: training" in _refused(base, tmp_path, grown)
    half = _adapter(tmp_path / "half", _LORA | {f"{_STEM}.lora_magnitude_vector": torch.ones(3)}, use_dora=True)
    assert "has 3 magnitudes for 8 norms" in _refused(base, tmp_path, half)
