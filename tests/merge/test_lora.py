"""Adapters written by PEFT: which are read, which are rejected, and why."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import ShoptuneError
from shoptune.merge.changes import LoraChange
from shoptune.merge.config import MergeConfig
from shoptune.merge.lora import load_adapter
from shoptune.merge.plan import Plan
from shoptune.merge.sources import Sources

from .conftest import HIDDEN, LAYER, SHAPES, VOCABULARY, WriteAdapter

A, B = torch.randn(2, HIDDEN), torch.randn(HIDDEN, 2)


def _delta(path: Path, base: Checkpoint, name: str = f"{LAYER}.weight") -> torch.Tensor:
    change = load_adapter(path, base).targets[name]
    assert isinstance(change, LoraChange)
    factors = change.factors()
    return factors.b @ factors.a


def test_the_scale_is_alpha_over_rank(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    path = write_adapter("x", {LAYER: (A, B)}, rank=2, alpha=4)
    assert torch.allclose(_delta(path, base), 4 / 2 * B @ A)


def test_rslora_divides_by_the_root_of_the_rank(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    path = write_adapter("x", {LAYER: (A, B)}, rank=2, alpha=4, use_rslora=True)
    assert torch.allclose(_delta(path, base), 4 / math.sqrt(2) * B @ A)


def test_patterns_match_the_end_of_the_name(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    wide = (torch.randn(3, HIDDEN), torch.randn(12, 3))
    path = write_adapter(
        "x",
        {LAYER: (A, B), "model.layers.0.mlp.up_proj": wide},
        rank_pattern={"up_proj": 3},
        alpha_pattern={r"layers\.\d+\.mlp\.up_proj": 9},
    )
    assert torch.allclose(_delta(path, base), 4 / 2 * B @ A)
    assert torch.allclose(_delta(path, base, "model.layers.0.mlp.up_proj.weight"), 9 / 3 * wide[1] @ wide[0])


def test_an_embedding_gets_the_transpose(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    a, b = torch.randn(2, VOCABULARY), torch.randn(HIDDEN, 2)  # as peft.tuners.lora.Embedding keeps them
    path = write_adapter("x", {"model.embed_tokens": (a, b)})
    assert torch.allclose(_delta(path, base, "model.embed_tokens.weight"), 4 / 2 * (b @ a).T)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"use_dora": True}, "has no magnitude, but its config says use_dora: True"),
        ({"bias": "all"}, "bias: is 'all': biases were trained too; train with bias: none"),
        ({"init_lora_weights": "pissa_niter_4"}, "is 'pissa_niter_4', which changed the base's own weights"),
        ({"layer_replication": [[0, 1]]}, "layer_replication: changes weights that the base's files do not hold"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out: weights are stored transposed"),
        ({"peft_type": "IA3"}, "peft_type: is 'IA3'; merge LoRA adapters only"),
    ],
)
def test_adapters_that_no_delta_can_express_are_rejected(
    base: Checkpoint, write_adapter: WriteAdapter, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(ShoptuneError) as caught:
        load_adapter(write_adapter("x", {LAYER: (A, B)}, **settings), base)
    assert problem in str(caught.value)


def test_an_adapter_of_another_base_is_refused(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    with pytest.raises(ShoptuneError, match=r"layers\.7.*: changes a weight that .*base does not have; merge it into"):
        load_adapter(write_adapter("x", {"model.layers.7.self_attn.q_proj": (A, B)}), base)
    with pytest.raises(ShoptuneError, match=r"q_proj: has a delta of 9 x 8, the base's weight is 8 x 8"):
        load_adapter(write_adapter("x", {LAYER: (A, torch.randn(9, 2))}), base)


def test_a_rank_that_differs_from_the_config_is_rejected(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    with pytest.raises(ShoptuneError, match="has factors of rank 2 and 2, its config says 16"):
        load_adapter(write_adapter("x", {LAYER: (A, B)}, rank=16), base)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(base: Checkpoint, write_adapter: WriteAdapter, value: float) -> None:
    poisoned = A.clone()
    poisoned[1, 3] = value
    adapter = load_adapter(write_adapter("x", {LAYER: (poisoned, B)}), base)
    with pytest.raises(ShoptuneError, match=r"lora_A\.weight: holds NaN or infinity"):
        adapter.targets[f"{LAYER}.weight"].load(lambda: torch.empty(0))


def test_a_pickled_adapter_is_refused(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    path = write_adapter("x", {LAYER: (A, B)})
    (path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(ShoptuneError, match=r"adapter_model\.bin: is a pickle"):
        load_adapter(path, base)


def test_a_folder_without_an_adapter_is_named(base: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShoptuneError, match=r"adapter_config\.json: no such file"):
        load_adapter(tmp_path / "empty", base)


@pytest.mark.parametrize("side", ["model.embed_tokens", "lm_head"])
def test_a_delta_on_one_side_of_tied_embeddings_is_refused(
    base: Checkpoint, write_adapter: WriteAdapter, side: str
) -> None:
    config = json.loads((base.path / "config.json").read_text()) | {"tie_word_embeddings": True}
    (base.path / "config.json").write_text(json.dumps(config))
    rows, columns = SHAPES["lm_head.weight"]
    a, b = torch.ones(2, columns), torch.ones(rows, 2)
    adapter = write_adapter("tied", {side: (a, b) if side == "lm_head" else (b.T, a.T)})
    settings = MergeConfig.model_validate({"base": str(base.path), "adapters": [{"path": str(adapter)}]})
    with pytest.raises(ShoptuneError, match="ties to its"):
        Plan(settings, Sources(Checkpoint(base.path), [adapter]))


def test_another_vocabulary_is_refused(base: Checkpoint, write_adapter: WriteAdapter) -> None:
    rows, columns = SHAPES["lm_head.weight"]
    adapter = write_adapter("wide", {"lm_head": (torch.ones(2, columns), torch.ones(rows + 6, 2))})
    with pytest.raises(ShoptuneError, match=rf"{rows + 6} x {columns}"):
        load_adapter(adapter, base)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda weight: weight, None),
        (lambda weight: weight + 1, "as it was in training, which is not the base's"),
        (lambda weight: torch.cat([weight, weight]), "training changed the vocabulary"),
    ],
    ids=["unchanged", "of another base", "resized"],
)
def test_embeddings_that_peft_saved_beside_the_factors(
    base: Checkpoint,
    write_adapter: WriteAdapter,
    change: Callable[[torch.Tensor], torch.Tensor],
    problem: str | None,
) -> None:
    adapter = write_adapter("saved", {LAYER: (torch.ones(2, HIDDEN), torch.ones(HIDDEN, 2))})
    file, name = adapter / "adapter_model.safetensors", "model.embed_tokens.weight"
    weight = load_file(base.shards[0])[name]
    save_file({**load_file(file), f"base_model.model.{name}": change(weight)}, file)
    if problem is None:
        assert list(load_adapter(adapter, base).targets) == [f"{LAYER}.weight"]
    else:
        with pytest.raises(ShoptuneError, match=problem):
            load_adapter(adapter, base)
