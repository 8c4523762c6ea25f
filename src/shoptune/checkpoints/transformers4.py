"""Checkpoints that transformers 5 wrote, in the form in which transformers 4 reads them correctly.

transformers 4 ignores keys that it does not know. It would read a model with `rope_parameters` without an error, but
with other rotary embeddings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import Problem, ShoptuneError, fail

CONFIG, TOKENIZER = "config.json", "tokenizer_config.json"
_FIRST_OTHER_VERSION = 5
_ROPE = "rope_parameters"
_ROPE_TYPES = ("default", "linear", "dynamic", "yarn", "longrope", "llama3")
_REMEDY = "quantize with engine: llm-compressor, which reads the checkpoint with transformers 5"
# Renamed, converted and compared under other names, or without an effect on the model.
_NOT_COMPARED = {_ROPE, "dtype", "layer_types", "transformers_version", "architectures", "use_cache"}


def is_from_transformers_5(config: Mapping[str, Any]) -> bool:
    """Whether transformers 5 wrote a config.json, or one that transformers 4 would misread for the same reason."""
    major = str(config.get("transformers_version", "")).partition(".")[0]
    return _ROPE in config or (major.isdigit() and int(major) >= _FIRST_OTHER_VERSION)


def convert(folder: Path) -> None:
    """Rewrite the config and the tokenizer's config in a folder for transformers 4, if transformers 5 wrote them.

    Raises:
        ShoptuneError: transformers 4 has no way to express the model.
    """
    _write(folder / CONFIG, for_transformers_4(read_json(folder / CONFIG), folder / CONFIG))
    if (folder / TOKENIZER).is_file():
        _write(folder / TOKENIZER, tokenizer_for_transformers_4(read_json(folder / TOKENIZER)))


def check_reading(original: Mapping[str, Any], loaded: Mapping[str, Any], file: Path) -> None:
    """Compare a config that transformers 4 loaded with the one that transformers 5 wrote.

    Args:
        original: the config.json as written.
        loaded: `to_dict()` of the loaded config.
        file: for the error.

    Raises:
        ShoptuneError: with every field that differs.
    """
    if not is_from_transformers_5(original):
        return
    expected = {key: value for key, value in for_transformers_4(original, file).items() if key not in _NOT_COMPARED}
    problems = [
        Problem(file, key, f"is read as {loaded.get(key)!r} by transformers 4, not {value!r}", _REMEDY)
        for key, value in expected.items()
        if not _same(value, loaded.get(key))
    ]
    if problems:
        raise ShoptuneError(problems)


def for_transformers_4(config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """A config.json in the terms of transformers 4.

    Args:
        config: as transformers 5 wrote it.
        file: for errors.

    Raises:
        ShoptuneError: transformers 4 has no way to express it.
    """
    if not is_from_transformers_5(config):
        return dict(config)
    converted = {key: value for key, value in config.items() if key not in {_ROPE, "dtype", "layer_types"}}
    if "dtype" in config:
        converted["torch_dtype"] = config["dtype"]
    if rope := config.get(_ROPE):
        converted |= _rope(dict(rope), config, file)
    _check_layer_types(config, file)
    return converted


def tokenizer_for_transformers_4(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A tokenizer_config.json in the terms of transformers 4.

    transformers 5 names `TokenizersBackend` for a tokenizer.json without a class of its own, and lists extra special
    tokens.
    """
    converted = {
        key: value for key, value in settings.items() if key not in {"backend", "is_local", "local_files_only"}
    }
    if converted.get("tokenizer_class") in {"TokenizersBackend", "PreTrainedTokenizer"}:
        converted["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(extra := converted.get("extra_special_tokens"), list):
        del converted["extra_special_tokens"]
        converted["additional_special_tokens"] = [*converted.get("additional_special_tokens", []), *extra]
    return converted


def _rope(rope: dict[str, Any], config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """`rope_theta`, `rope_scaling` and, if given, `partial_rotary_factor`."""
    if rope and all(isinstance(value, Mapping) for value in rope.values()):
        (first, *others) = (dict(value) for value in rope.values())
        if any(other != first for other in others):
            what = "differ by type of layer, which transformers 4 has no field for"
            raise fail(file, _ROPE, what, _REMEDY)
        rope = first
    kind = rope.pop("rope_type", rope.pop("type", "default"))
    if kind not in _ROPE_TYPES:
        raise fail(file, f"{_ROPE}.rope_type", f"is '{kind}', which transformers 4 does not know", _REMEDY)
    converted = {key: rope.pop(key) for key in ("rope_theta", "partial_rotary_factor") if key in rope}
    if kind == "default":
        return converted | {"rope_scaling": None}
    if config.get("model_type") == "phi3":  # takes exactly these three
        length = "original_max_position_embeddings"
        if rope.pop(length, config.get(length)) != config.get(length):
            raise fail(file, f"{_ROPE}.{length}", f"is not {length} of the model", _REMEDY)
        rope = {"short_factor": rope["short_factor"], "long_factor": rope["long_factor"]}
    return converted | {"rope_scaling": {"rope_type": kind, **({"type": kind} if kind == "longrope" else {}), **rope}}


def _nowhere(_config: Mapping[str, Any], _layer: int) -> bool:
    return False


def _alternating(_config: Mapping[str, Any], layer: int) -> bool:
    return layer % 2 == 0


def _late(config: Mapping[str, Any], layer: int) -> bool:
    has_window = config.get("use_sliding_window") and config.get("sliding_window") is not None
    return bool(has_window) and layer >= config.get("max_window_layers", 0)


# Which layers have a sliding window in transformers 4, which has the rule in its code.
_SLIDING: Mapping[str, Callable[[Mapping[str, Any], int], bool]] = {
    "gemma2": _alternating,
    "qwen2": _late,
    "qwen3": _late,
}


def _check_layer_types(config: Mapping[str, Any], file: Path) -> None:
    listed = config.get("layer_types")
    if not listed:
        return
    rule = _SLIDING.get(str(config.get("model_type")), _nowhere)
    expected = ["sliding_attention" if rule(config, layer) else "full_attention" for layer in range(len(listed))]
    if listed != expected:
        layer = next(number for number, kind in enumerate(listed) if kind != expected[number])
        what = f"is {listed[layer]}, which transformers 4 would compute as {expected[layer]}"
        raise fail(file, f"layer_types[{layer}]", what, _REMEDY)


def _same(expected: Any, loaded: Any) -> bool:
    if isinstance(expected, Mapping) and isinstance(loaded, Mapping):
        return all(_same(value, loaded.get(key)) for key, value in expected.items())
    return bool(expected == loaded) or str(loaded).removeprefix("torch.") == str(expected)


def _write(file: Path, value: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
