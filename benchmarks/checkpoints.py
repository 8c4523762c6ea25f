"""Random checkpoints of real models' shapes, and adapters for them."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.checkpoints.tensor_file import writing

RANK = 64


@dataclass(frozen=True)
class Shape:
    """The sizes that decide a Qwen2 checkpoint's shapes."""

    hidden: int
    intermediate: int
    layers: int
    key_value: int
    vocabulary: int

    def linear(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of every linear layer of one block."""
        return {
            "self_attn.q_proj": (self.hidden, self.hidden),
            "self_attn.k_proj": (self.key_value, self.hidden),
            "self_attn.v_proj": (self.key_value, self.hidden),
            "self_attn.o_proj": (self.hidden, self.hidden),
            "mlp.gate_proj": (self.intermediate, self.hidden),
            "mlp.up_proj": (self.intermediate, self.hidden),
            "mlp.down_proj": (self.hidden, self.intermediate),
        }


QWEN2_1_5B = Shape(1536, 8960, 28, 256, 151936)
QWEN2_72B_LAYERS = Shape(8192, 29568, 2, 1024, 1024)


def make_inputs(directory: Path, shape: Shape) -> tuple[Path, list[Path]]:
    """A random base and two random adapters; kept from run to run.

    They are made in a process of its own: a command that is measured starts as a copy of this one, and would be counted
    with the memory that this one ever had.
    """
    maker = multiprocessing.get_context("spawn").Process(target=_make_inputs, args=(directory, shape))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise SystemExit("making the inputs failed")
    return directory / "base", [directory / "adapter-1", directory / "adapter-2"]


def _make_inputs(directory: Path, shape: Shape) -> None:
    base, adapters = directory / "base", [directory / "adapter-1", directory / "adapter-2"]
    if not (base / "config.json").is_file():
        base.mkdir(parents=True, exist_ok=True)
        _write_base(base, shape)
    for seed, adapter in enumerate(adapters):
        if not (adapter / "adapter_config.json").is_file():
            adapter.mkdir(exist_ok=True)
            _write_adapter(adapter, base, shape, seed)


def _write_base(directory: Path, shape: Shape) -> None:
    tensors = {"model.embed_tokens.weight": (shape.vocabulary, shape.hidden), "model.norm.weight": (shape.hidden,)}
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}"
        tensors |= {f"{prefix}.{name}.weight": sizes for name, sizes in shape.linear().items()}
        for name in ("q_proj", "k_proj", "v_proj"):
            tensors[f"{prefix}.self_attn.{name}.bias"] = (shape.linear()[f"self_attn.{name}"][0],)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}.{norm}.weight"] = (shape.hidden,)
    generator = torch.Generator().manual_seed(0)
    layout = [(name, torch.bfloat16, sizes) for name, sizes in tensors.items()]
    with writing(directory / "model.safetensors", layout) as writer:
        for name, sizes in tensors.items():
            writer.write_rows(name, 0, (torch.randn(*sizes, generator=generator) * 0.02).to(torch.bfloat16))
    heads = shape.hidden // 128
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "hidden_act": "silu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": 2048,
        "model_type": "qwen2",
        "num_attention_heads": heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.key_value // 128,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": shape.vocabulary,
    }
    for file in Path("examples/tiny_base").glob("tokenizer*"):
        shutil.copyfile(file, directory / file.name)
    (directory / "config.json").write_text(json.dumps(config, indent=2))


def _write_adapter(directory: Path, base: Path, shape: Shape, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(shape.layers):
        for name, (rows, columns) in shape.linear().items():
            prefix = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{prefix}.lora_A.weight"] = (RANK, columns)
            tensors[f"{prefix}.lora_B.weight"] = (rows, RANK)
    layout = [(name, torch.float32, sizes) for name, sizes in tensors.items()]
    with writing(directory / "adapter_model.safetensors", layout) as writer:
        for name, sizes in tensors.items():
            writer.write_rows(name, 0, torch.randn(*sizes, generator=generator) * 0.003)
    config = {
        "base_model_name_or_path": str(base),
        "bias": "none",
        "lora_alpha": RANK,
        "peft_type": "LORA",
        "r": RANK,
        "target_modules": sorted(name.split(".")[-1] for name in shape.linear()),
        "task_type": "CAUSAL_LM",
    }
    (directory / "adapter_config.json").write_text(json.dumps(config))
