"""Make the tiny base model: a tokenizer of the shop's text, lessons, and full fine-tuning from nothing by axolotl.

Run: make tiny-base (an hour or two on two cores). There are two courses: lists first, then the parts of queries. The
second starts from the first's checkpoint in bfloat16. The result is committed under examples/tiny_base: the demo and
the tests start from it as a user starts from a downloaded base.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from examples.shop.world import LOCALES, World
from examples.tiny_base_recipe.lessons import course
from examples.tiny_base_recipe.shop_tokenizer import save_tokenizer, train_tokenizer
from shoptune.artifacts.manifest import Request, fingerprint_of
from shoptune.artifacts.publish import publish
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.shopbench.chat_template import render

HERE = Path(__file__).parent
SEED = "tiny-base"
RUN = Path("runs/tiny-base")

HIDDEN, LAYERS, HEADS, KEY_VALUE_HEADS = 256, 4, 4, 2
INTERMEDIATE = 704  # 5.5 groups of 128: AWQ needs padding, as Qwen2-72B does
_STANDARD_DEVIATION = 0.02

_MODEL_CARD = """# A tiny base model of the made-up shop

Qwen2 architecture, 3.7M parameters, made by `make tiny-base` from nothing: it reads lists and knows the formats of
questions, the parts of queries and the shop's language, and is the base of the demo and the tests. Of no use for
anything else.
"""

# Lessons in a stage, and the weight of each kind of lesson in it.
Stages = list[tuple[int, dict[str, int]]]
LISTS: Stages = [
    (24_000, {"word_drill": 1}),
    (16_000, {"phrase_drill": 2, "word_drill": 1, "short_lists": 1}),
    (
        60_000,
        {
            "phrase_drill": 1,
            "short_lists": 2,
            "long_lists": 2,
            "title_lists": 1,
            "find": 5,
            "find_title": 2,
            "pick_words": 2,
            "pick_three": 2,
            "rank": 1,
            "extract": 1,
            "quote": 2,
            "speak": 1,
        },
    ),
]


# The parts of queries, with enough of the old lessons to keep what they taught.
ENTITIES: Stages = [
    (3_000, {"entity_drill": 4, "find": 1, "short_lists": 1}),
    (3_000, {"entity_drill": 1, "entity_lists": 2, "entity": 2, "find": 1, "short_lists": 1}),
    (
        9_000,
        {
            "entity_lists": 2,
            "entity": 7,
            "phrase_drill": 2,
            "short_lists": 4,
            "long_lists": 4,
            "title_lists": 2,
            "find": 10,
            "find_title": 4,
            "pick_words": 4,
            "pick_three": 4,
            "rank": 2,
            "extract": 2,
            "quote": 4,
            "speak": 2,
        },
    ),
]


def main() -> None:
    """Prepare what axolotl starts from, go from the first course to the second, or finish what they have made."""
    sys.argv[0] = f"{HERE.name}/{Path(__file__).name}"  # manifests name it, and one is committed: not the whole path
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["prepare", "continue", "finish"])
    step = parser.parse_args().step
    if step == "prepare":
        prepare(RUN)
    elif step == "continue":
        finish(RUN / "lists", RUN / "blank", RUN / "halfway")
        write_entity_lessons(RUN)
    else:
        finish(RUN / "entities", RUN / "halfway", HERE / "tiny_base")


def prepare(out: Path) -> None:
    """Write the tokenizer, the blank checkpoint and the first course's lessons."""
    world = World()
    blank = out / "blank"
    blank.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(_texts(world))
    save_tokenizer(tokenizer, blank)
    _write_blank(blank, tokenizer)
    _write_lessons(out / "lessons.parquet", world, blank, LISTS)


def write_entity_lessons(out: Path) -> None:
    """Write the second course's lessons."""
    _write_lessons(out / "entity_lessons.parquet", World(), out / "halfway", ENTITIES)


def finish(trained: Path, blank: Path, out: Path) -> None:
    """Publish the trained weights in bfloat16 with the blank's tokenizer: a checkpoint as one downloads it."""

    def write(directory: Path) -> dict[str, str]:
        weights = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(trained / "model.safetensors").items()}
        save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
        Checkpoint(blank).copy_side_files(directory, but=["config.json"])
        config = json.loads((blank / "config.json").read_text(encoding="utf-8")) | {"torch_dtype": "bfloat16"}
        (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        (directory / "README.md").write_text(_MODEL_CARD, encoding="utf-8")
        return {}

    request = Request("tiny-base", {"seed": SEED}, {"trained": trained, "blank": blank})
    publish(request, fingerprint_of(request), out, write, force=True)


def _texts(world: World) -> Iterator[str]:
    """The shop's text: its sources, in every language, and the wording of the recipes that ask about it."""
    for product in world.listed:
        for language in LOCALES:
            yield f"{world.title(product, language)}\n{world.description(product, language)}"
    for file in sorted((HERE / "raw").rglob("*.json")):
        yield from _strings(json.loads(file.read_text(encoding="utf-8")))
    for file in sorted((HERE.parent / "data_recipes").glob("*.yaml")):
        for task in yaml.safe_load(file.read_text(encoding="utf-8"))["tasks"]:
            yield from task["prompts"]
    for lesson in course(world, str, SEED, [(2000, LISTS[-1][1])]):
        yield "".join(part.text for part in lesson)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))


def _write_blank(directory: Path, tokenizer: Tokenizer) -> None:
    """A Qwen2 checkpoint whose weights are drawn as transformers draws them; what the recipe file says stays out."""
    vocabulary = math.ceil(tokenizer.get_vocab_size() / 64) * 64
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.token_to_id("<|endoftext|>"),
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "pad_token_id": tokenizer.token_to_id("<|endoftext|>"),
        "hidden_act": "silu",
        "hidden_size": HIDDEN,
        "initializer_range": _STANDARD_DEVIATION,
        "intermediate_size": INTERMEDIATE,
        "max_position_embeddings": 2048,
        "model_type": "qwen2",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "use_cache": True,
        "vocab_size": vocabulary,
    }
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(_random_weights(vocabulary), directory / "model.safetensors", metadata={"format": "pt"})


def _random_weights(vocabulary: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * _STANDARD_DEVIATION

    narrow = HIDDEN // HEADS * KEY_VALUE_HEADS
    weights = {"model.embed_tokens.weight": normal(vocabulary, HIDDEN), "model.norm.weight": torch.ones(HIDDEN)}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for name, rows in (("q", HIDDEN), ("k", narrow), ("v", narrow)):
            weights[f"{prefix}.self_attn.{name}_proj.weight"] = normal(rows, HIDDEN)
            weights[f"{prefix}.self_attn.{name}_proj.bias"] = torch.zeros(rows)
        weights[f"{prefix}.self_attn.o_proj.weight"] = normal(HIDDEN, HIDDEN)
        weights[f"{prefix}.mlp.gate_proj.weight"] = normal(INTERMEDIATE, HIDDEN)
        weights[f"{prefix}.mlp.up_proj.weight"] = normal(INTERMEDIATE, HIDDEN)
        weights[f"{prefix}.mlp.down_proj.weight"] = normal(HIDDEN, INTERMEDIATE)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{prefix}.{norm}.weight"] = torch.ones(HIDDEN)
    return weights


def _write_lessons(file: Path, world: World, blank: Path, stages: Stages) -> None:
    """Lessons as axolotl's `input_output` data: pieces of text, each learned or not."""
    lessons = course(world, lambda messages: render(messages, blank), SEED, stages)
    segments = [[{"label": part.learned, "text": part.text} for part in lesson] for lesson in lessons]
    pq.write_table(pa.table({"segments": segments}), file, compression="zstd")


if __name__ == "__main__":
    main()
