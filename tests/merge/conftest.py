"""Small checkpoints and adapters, written as transformers and PEFT write them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from shoptune.checkpoints.checkpoint import Checkpoint

HIDDEN, WIDE, VOCABULARY = 8, 12, 10

SHAPES = {
    "model.embed_tokens.weight": (VOCABULARY, HIDDEN),
    "model.layers.0.self_attn.q_proj.weight": (HIDDEN, HIDDEN),
    "model.layers.0.mlp.up_proj.weight": (WIDE, HIDDEN),
    "model.layers.0.mlp.down_proj.weight": (HIDDEN, WIDE),
    "model.norm.weight": (HIDDEN,),
    "lm_head.weight": (VOCABULARY, HIDDEN),
}
LAYER = "model.layers.0.self_attn.q_proj"

WriteAdapter = Callable[..., Path]

torch.manual_seed(0)  # for what modules draw when they are imported; tests draw after the fixture below


@pytest.fixture(autouse=True)
def _same_numbers_in_every_run() -> None:
    torch.manual_seed(0)


@pytest.fixture
def base(tmp_path: Path) -> Checkpoint:
    """A two-shard bfloat16 checkpoint."""
    directory = tmp_path / "base"
    directory.mkdir()
    tensors = {
        name: (torch.randn(*shape, generator=torch.Generator().manual_seed(number)) * 0.05).to(torch.bfloat16)
        for number, (name, shape) in enumerate(SHAPES.items())
    }
    shards = {
        "model-00001-of-00002.safetensors": list(SHAPES)[:3],
        "model-00002-of-00002.safetensors": list(SHAPES)[3:],
    }
    for shard, names in shards.items():
        save_file({name: tensors[name] for name in names}, directory / shard, metadata={"format": "pt"})
    weight_map = {name: shard for shard, names in shards.items() for name in names}
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {"model_type": "qwen2", "hidden_size": HIDDEN, "torch_dtype": "bfloat16", "tie_word_embeddings": False}
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "tokenizer.json").write_text('{"version": "1.0"}')
    return Checkpoint(directory)


@pytest.fixture
def write_adapter(tmp_path: Path) -> WriteAdapter:
    """Writes a PEFT LoRA adapter; `factors` gives (A, B) by module, `settings` changes its config."""

    def write(
        name: str,
        factors: Mapping[str, tuple[torch.Tensor, torch.Tensor]],
        *,
        rank: int = 2,
        alpha: float = 4,
        **settings: Any,
    ) -> Path:
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        config = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "bias": "none", "use_rslora": False, **settings}
        (directory / "adapter_config.json").write_text(json.dumps(config))
        tensors = {}
        for module, (a, b) in factors.items():
            infix = "lora_embedding_{}" if module.endswith("embed_tokens") else "lora_{}.weight"
            tensors[f"base_model.model.{module}." + infix.format("A")] = a.contiguous()
            tensors[f"base_model.model.{module}." + infix.format("B")] = b.contiguous()
        save_file(tensors, directory / "adapter_model.safetensors")
        return directory

    return write
