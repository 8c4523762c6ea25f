"""Checks that run before vLLM starts; they report all problems of a profile, a checkpoint and adapters together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from shoptune.checkpoints.checkpoint import Checkpoint, read_json
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.infer.profile import EngineSettings, Profile

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")
_ADAPTER = "adapter_config.json"
_MORE_THAN_LORA = ("use_dora", "modules_to_save", "trainable_token_indices")
_RANKS = sorted(
    rank for option in get_args(EngineSettings.model_fields["max_lora_rank"].annotation) for rank in get_args(option)
)


def check_checkpoint(profile: Profile, file: Path, checkpoint: Checkpoint) -> None:
    """Check that vLLM can run a checkpoint with a profile.

    Raises:
        ShoptuneError: it cannot; the error lists every reason.
    """
    if (checkpoint.path / _ADAPTER).is_file() and not (checkpoint.path / "config.json").is_file():
        remedy = "pass its base model as --model and this folder as --adapter, or merge it into the base first"
        raise fail(checkpoint.path, "", "is an adapter, not a checkpoint", remedy)
    _ = checkpoint.shards  # raises for missing weights and for pickles
    problems = [*_tokenizer(checkpoint), *_dtype(profile, file, checkpoint), *_window(profile, file, checkpoint)]
    if problems:
        raise ShoptuneError(problems)


def with_adapters(profile: Profile, adapters: Sequence[Path]) -> Profile:
    """Return the profile with LoRA enabled for the largest rank among the adapters, or unchanged without adapters.

    Raises:
        ShoptuneError: a folder is not an adapter, or its rank is higher than vLLM supports.
    """
    if not adapters:
        return profile
    rank = max(_rank(adapter) for adapter in adapters)
    fitting = [size for size in _RANKS if size >= rank]
    if not fitting:
        what = f"has rank {rank}, but vLLM supports ranks up to {_RANKS[-1]}"
        raise fail(adapters[0], "r", what, "merge the adapter into its base model instead")
    size = max(fitting[0], profile.engine.max_lora_rank or 1)
    engine = profile.engine.model_copy(update={"enable_lora": True, "max_lora_rank": size})
    return profile.model_copy(update={"engine": engine})


def _rank(adapter: Path) -> int:
    if not (adapter / _ADAPTER).is_file():
        whole = (adapter / "config.json").is_file()
        remedy = "pass it as --model" if whole else "pass a folder written by `shoptune train`"
        raise fail(adapter, "", f"is not an adapter: it has no {_ADAPTER}", remedy)
    config = read_json(adapter / _ADAPTER)
    if key := next(filter(config.get, _MORE_THAN_LORA), None):
        what = "trained more than low-rank factors, which vLLM does not serve as an adapter"
        raise fail(adapter / _ADAPTER, key, what, "merge it into its base: shoptune merge")
    return max([int(config.get("r", 1)), *map(int, (config.get("rank_pattern") or {}).values())])


def _tokenizer(checkpoint: Checkpoint) -> Iterator[Problem]:
    if not any((checkpoint.path / name).is_file() for name in _TOKENIZERS):
        yield Problem(checkpoint.path, "", "has no tokenizer", "copy its base model's tokenizer files into the folder")


def _dtype(profile: Profile, file: Path, checkpoint: Checkpoint) -> Iterator[Problem]:
    method = (checkpoint.config.get("quantization_config") or {}).get("quant_method")
    if method in {"awq", "gptq"} and profile.engine.dtype == "float32":
        what = f"is float32, but {method.upper()} kernels compute in 16 bits"
        yield Problem(file, "engine.dtype", what, "use a profile for quantized weights, or --set engine.dtype=bfloat16")


def _window(profile: Profile, file: Path, checkpoint: Checkpoint) -> Iterator[Problem]:
    asked, longest = profile.engine.max_model_len, _longest(checkpoint.config)
    if asked and longest and asked > longest:
        what = f"is {asked}, but the model supports {longest} tokens (max_position_embeddings in config.json)"
        yield Problem(file, "engine.max_model_len", what, f"set it to {longest} or less")


def _longest(config: Mapping[str, Any]) -> int | None:
    """Return a model's maximum context in tokens, including RoPE scaling, or None if config.json does not state it."""
    positions = config.get("max_position_embeddings")
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    scaled = rope.get("rope_type", rope.get("type")) in {"linear", "dynamic", "yarn"}
    if not positions:
        return None
    if scaled and rope.get("original_max_position_embeddings"):
        positions = max(positions, rope["original_max_position_embeddings"] * rope.get("factor", 1))
    elif scaled:
        positions *= rope.get("factor", 1)
    return int(positions)
