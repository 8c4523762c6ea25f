"""Make the base model of a rehearsal: Qwen2-72B-Instruct's config with every size reduced, and random weights.

Run: make rehearsal TRACK=1, or .venv/bin/python -m examples.make_rehearsal_base runs/rehearsal/base [TOKENIZER]

What makes 72B difficult is kept: an intermediate size of an odd number of quantization groups (5 where 72B has 231),
eight key-value heads shared by more query heads, biases on query, key and value, an output layer that is not tied to
the embedding, bfloat16 weights in several shards with an index. TOKENIZER is a folder with the real Qwen2 tokenizer;
without it the tiny base's is used.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file

from shoptune.artifacts.manifest import Request, fingerprint_of
from shoptune.artifacts.publish import publish
from shoptune.checkpoints.known_models import known_model_config

ROOT = Path(__file__).parents[1]
REAL_TOKENIZER = ROOT.parent / "shared" / "data" / "qwen2" / "tokenizer"
TINY_BASE = ROOT / "examples" / "tiny_base"
MODEL = "Qwen/Qwen2-72B-Instruct"
HIDDEN, INTERMEDIATE, LAYERS, HEADS, KV_HEADS, HEAD_SIZE = 512, 5 * 128, 2, 16, 8, 32
SHARD_BYTES = 100_000_000
STANDARD_DEVIATION = 0.02  # Qwen2's initializer_range
SEED = 72


def main() -> None:
    """Write the checkpoint."""
    out = Path(sys.argv[1])
    tokenizer = Path(sys.argv[2]) if len(sys.argv) > 2 else REAL_TOKENIZER if REAL_TOKENIZER.is_dir() else TINY_BASE
    request = Request("rehearsal-base", {"seed": SEED, "hidden": HIDDEN}, {"tokenizer": tokenizer})

    def write(directory: Path) -> dict[str, str]:
        for name in ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"):
            shutil.copyfile(tokenizer / name, directory / name)
        config = dict(known_model_config(MODEL) or {})
        if tokenizer == TINY_BASE:
            tiny = json.loads((TINY_BASE / "config.json").read_text(encoding="utf-8"))
            config |= {key: tiny[key] for key in ("vocab_size", "bos_token_id", "eos_token_id") if key in tiny}
        config |= {
            "hidden_size": HIDDEN,
            "intermediate_size": INTERMEDIATE,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS,
            "max_window_layers": LAYERS,
        }
        (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        _write_weights(directory, config["vocab_size"])
        return {}

    publish(request, fingerprint_of(request), out, write, force=True)


def _write_weights(directory: Path, vocabulary: int) -> None:
    generator = torch.Generator().manual_seed(SEED)
    shards: list[dict[str, torch.Tensor]] = [{}]
    for name, shape in _shapes(vocabulary):
        tensor = _initial(name, shape, generator)
        if shards[-1] and sum(each.nbytes for each in shards[-1].values()) + tensor.nbytes > SHARD_BYTES:
            shards.append({})
        shards[-1][name] = tensor
    weight_map = {}
    for number, shard in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        save_file(shard, directory / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(shard, file)
    size = sum(tensor.nbytes for shard in shards for tensor in shard.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _initial(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    if "norm" in name:
        return torch.ones(shape, dtype=torch.bfloat16)
    return (torch.randn(shape, generator=generator) * STANDARD_DEVIATION).to(torch.bfloat16)


def _shapes(vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor of a Qwen2 model by name, (output, input) as linear layers keep them."""
    yield "model.embed_tokens.weight", (vocabulary, HIDDEN)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for projection, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            yield f"{prefix}.self_attn.{projection}_proj.weight", (heads * HEAD_SIZE, HIDDEN)
            yield f"{prefix}.self_attn.{projection}_proj.bias", (heads * HEAD_SIZE,)
        yield f"{prefix}.self_attn.o_proj.weight", (HIDDEN, HEADS * HEAD_SIZE)
        yield f"{prefix}.mlp.gate_proj.weight", (INTERMEDIATE, HIDDEN)
        yield f"{prefix}.mlp.up_proj.weight", (INTERMEDIATE, HIDDEN)
        yield f"{prefix}.mlp.down_proj.weight", (HIDDEN, INTERMEDIATE)
        yield f"{prefix}.input_layernorm.weight", (HIDDEN,)
        yield f"{prefix}.post_attention_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (vocabulary, HIDDEN)


if __name__ == "__main__":
    main()
