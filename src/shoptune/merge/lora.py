"""Read LoRA adapters in PEFT's format."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from shoptune.checkpoints.checkpoint import Checkpoint, read_json, refuse_pickles
from shoptune.checkpoints.tensor_file import TensorSpec, mapped, read_header
from shoptune.errors import fail
from shoptune.merge.changes import Change, DoraChange, LoraChange, Member, RowsChange, WholeChange
from shoptune.merge.tied import EMBEDDING, OUTPUT, resolve_tied

SETTINGS = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_BLOCK_ROWS = 4096
_STARTS = (None, True, False, "gaussian", "orthogonal", "eva")  # ways to start training that leave the base as it is
_PART = re.compile(
    r"(?P<module>.+)\.(?:"
    r"lora_(?:embedding_)?(?P<side>[AB])(?:\.weight)?"
    r"|(?P<magnitude>lora_magnitude_vector)(?:\.weight)?"
    r"|(?P<tokens>token_adapter\.trainable_tokens_delta)"
    r"|(?P<base>base_layer)\.weight)"
)


@dataclass(frozen=True)
class _Parts:
    """The tensors of one module in an adapter's file, by `A`, `B`, `magnitude`, `tokens` and `base`."""

    module: str
    specs: dict[str, TensorSpec] = field(default_factory=dict)


@dataclass(frozen=True)
class _Reading:
    """An adapter that is being opened, its settings, and the base that it must fit."""

    path: Path
    settings: Mapping[str, Any]
    base: Checkpoint


def load_adapter(path: Path, base: Checkpoint) -> Member:
    """Open a PEFT LoRA adapter and check that its shapes fit a base.

    Raises:
        ShoptuneError: the folder is not a LoRA adapter of this base, trained what a merge cannot add, or holds pickled
            weights.
    """
    reading = _Reading(path, read_json(path / SETTINGS), base)
    _refuse_what_no_delta_expresses(path, reading.settings)
    refuse_pickles(path)
    parts, others = _by_module(path)
    targets: dict[str, Change] = {}
    for name, spec in others.items():
        if name in (EMBEDDING, OUTPUT) and not reading.settings.get("modules_to_save"):
            _check_saved_base(reading, name.removesuffix(".weight"), spec)
        else:
            targets[name] = _whole(reading, name, spec)
    for found in parts.values():
        for change in _changes(reading, found):
            if targets.setdefault(f"{found.module}.weight", change) is not change:
                what = "is trained whole and by factors"
                raise fail(path / _WEIGHTS, found.module, what, "train it in one way")
    return Member(path, resolve_tied(path, targets, base))


def read_factors(path: Path) -> dict[str, LoraChange]:
    """Open the low-rank factors of an adapter, by the names of the weights that they change.

    The base is not needed, so nothing is compared with it, and weights that are trained whole are left out: use
    `load_adapter` to merge.

    Raises:
        ShoptuneError: the folder is not a LoRA adapter, or its deltas depend on the base.
    """
    settings = read_json(path / SETTINGS, "choose the folder of an adapter")
    _refuse_what_no_delta_expresses(path, settings)
    if settings.get("use_dora"):
        raise fail(path / SETTINGS, "use_dora", "is true: its deltas depend on the base", "merge it to see them")
    parts, _ = _by_module(path)
    return {
        f"{found.module}.weight": _factors(path, settings, found)
        for found in parts.values()
        if found.specs.keys() & {"A", "B"}
    }


def _by_module(path: Path) -> tuple[dict[str, _Parts], dict[str, TensorSpec]]:
    """The tensors of an adapter's file: parts by module, and whole weights by name."""
    parts: dict[str, _Parts] = {}
    others: dict[str, TensorSpec] = {}
    for spec in read_header(path / _WEIGHTS):
        name = spec.name.removeprefix(_PREFIX)
        if match := _PART.fullmatch(name):
            kind = match["side"] or next(kind for kind in ("magnitude", "tokens", "base") if match[kind])
            parts.setdefault(match["module"], _Parts(match["module"])).specs[kind] = spec
        else:
            others[name] = spec
    return parts, others


def _changes(reading: _Reading, parts: _Parts) -> Iterator[Change]:
    specs = parts.specs
    if "base" in specs:
        _check_saved_base(reading, parts.module, specs["base"])
    if "tokens" in specs:
        yield _rows(reading, parts.module, specs["tokens"])
    if specs.keys() & {"A", "B", "magnitude"}:
        yield _low_rank(reading, parts)


def _low_rank(reading: _Reading, parts: _Parts) -> Change:
    path, settings, module = reading.path, reading.settings, parts.module
    lora = _factors(path, settings, parts)
    shape = lora.shape
    _check_shape(reading, f"{module}.weight", "a delta", shape)
    magnitude = parts.specs.get("magnitude")
    if (magnitude is not None) != bool(settings.get("use_dora")):
        what = f"has {'a' if magnitude else 'no'} magnitude, but its config says use_dora: {settings.get('use_dora')}"
        raise fail(path / _WEIGHTS, module, what, "copy the adapter with its own adapter_config.json")
    if magnitude is None:
        return lora
    norms = shape[1] if lora.is_embedding else shape[0]
    if math.prod(magnitude.shape) != norms:
        what = f"has {math.prod(magnitude.shape)} magnitudes for {norms} norms"
        raise fail(path / _WEIGHTS, module, what, "merge it into its own base")
    return DoraChange(lora, magnitude)


def _factors(path: Path, settings: Mapping[str, Any], parts: _Parts) -> LoraChange:
    """The factors of a module, whose rank is that of the config, and their scale."""
    module = parts.module
    pair = [side for side in "AB" if side in parts.specs]
    if len(pair) < len("AB"):
        raise fail(path / _WEIGHTS, module, f"has only the factor {'/'.join(pair)}", "copy the whole adapter again")
    a, b = parts.specs["A"], parts.specs["B"]
    rank = a.shape[0]
    expected = _pattern(settings.get("rank_pattern"), module, settings["r"])
    if rank != expected or b.shape[1] != rank:
        what = f"has factors of rank {rank} and {b.shape[1]}, its config says {expected}"
        raise fail(path / _WEIGHTS, module, what, "copy the adapter with its own adapter_config.json")
    alpha = _pattern(settings.get("alpha_pattern"), module, settings["lora_alpha"])
    scale = alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank
    return LoraChange(a, b, scale, "lora_embedding_" in a.name)


def _whole(reading: _Reading, name: str, spec: TensorSpec) -> Change:
    saved = tuple(reading.settings.get("modules_to_save") or ())
    parts = name.split(".")
    modules = [".".join(parts[:count]) for count in range(1, len(parts))]
    tied = reading.base.ties_embeddings and name in (EMBEDDING, OUTPUT) and saved  # saved on both sides, named on one
    if not tied and not any(module.endswith(saved) for module in modules):  # PEFT's rule: ends of words count too
        what = "is neither a LoRA factor nor part of a module that modules_to_save names"
        raise fail(reading.path / _WEIGHTS, spec.name, what, "train with adapter: lora or qlora")
    _check_shape(reading, name, "a new weight", spec.shape)
    return WholeChange(spec)


def _rows(reading: _Reading, module: str, spec: TensorSpec) -> Change:
    named = reading.settings.get("trainable_token_indices") or []
    if isinstance(named, Mapping):
        named = next((numbers for key, numbers in named.items() if f".{module}".endswith(f".{key}")), [])
    if len(named) != spec.shape[0]:
        what = f"has rows of {spec.shape[0]} tokens, its config names {len(named)}"
        raise fail(reading.path / _WEIGHTS, module, what, "copy the adapter with its own adapter_config.json")
    weight = reading.base.tensors.get(f"{module}.weight")
    rows = weight.shape[0] if weight else max([0, *named]) + 1
    _check_shape(reading, f"{module}.weight", "rows", (rows, *spec.shape[1:]))
    if any(not 0 <= number < rows for number in named):
        what = f"trains token {max(named)}, and the base has {rows}"
        raise fail(reading.path / SETTINGS, "trainable_token_indices", what, "merge it into its own base")
    return RowsChange(spec, named)


def _check_saved_base(reading: _Reading, module: str, spec: TensorSpec) -> None:
    """Check that an embedding's own weight, which PEFT saves next to its factors, equals that of the base."""
    name = f"{module}.weight"
    ours_spec = reading.base.tensors.get(_stored(reading.base, name))
    if ours_spec and ours_spec.shape[1:] == spec.shape[1:] and ours_spec.rows != spec.rows:
        what = f"holds {spec.rows} tokens, and the base has {ours_spec.rows}: training changed the vocabulary"
        raise fail(
            reading.path / _WEIGHTS, name, what, "add the tokens to the base and its tokenizer, then train again"
        )
    _check_shape(reading, name, "a copy of the base's weight", spec.shape)
    theirs, ours = mapped(spec), mapped(reading.base.tensors[_stored(reading.base, name)])
    blocks = [slice(first, first + _BLOCK_ROWS) for first in range(0, spec.rows, _BLOCK_ROWS)]
    if not all(torch.equal(theirs[rows].bfloat16(), ours[rows].bfloat16()) for rows in blocks):  # may be rounded
        what = f"holds {name} as it was in training, which is not the base's"
        raise fail(reading.path / _WEIGHTS, spec.name, what, "merge it into its own base")


def _check_shape(reading: _Reading, name: str, what: str, shape: Sequence[int]) -> None:
    spec = reading.base.tensors.get(_stored(reading.base, name))
    module = name.removesuffix(".weight")
    if spec is None:
        wrong = f"changes a weight that {reading.base.path} does not have"
        raise fail(reading.path, module, wrong, "merge it into its own base")
    if spec.shape != tuple(shape):
        wrong = f"has {what} of {_shape(shape)}, the base's weight is {_shape(spec.shape)}"
        raise fail(reading.path, module, wrong, "merge it into its own base")


def _stored(base: Checkpoint, name: str) -> str:
    """The tensor that holds a weight; an output layer that is tied may have none of its own."""
    tied = base.ties_embeddings and name == OUTPUT and name not in base.tensors
    return EMBEDDING if tied else name


def _refuse_what_no_delta_expresses(path: Path, settings: Mapping[str, Any]) -> None:
    where = path / SETTINGS
    if settings.get("peft_type") != "LORA":
        raise fail(where, "peft_type", f"is {settings.get('peft_type')!r}", "merge LoRA adapters only")
    if settings.get("bias", "none") != "none":
        raise fail(where, "bias", f"is {settings['bias']!r}: biases were trained too", "train with bias: none")
    start = settings.get("init_lora_weights", True)
    if start not in _STARTS:
        what = f"is {start!r}, which changed the base's own weights before training"
        raise fail(where, "init_lora_weights", what, "convert it with PEFT's path_initial_model_for_weight_conversion")
    for key in ("layer_replication", "target_parameters"):
        if settings.get(key):
            raise fail(where, key, "changes weights that the base's files do not hold as such", "train without it")
    if settings.get("fan_in_fan_out"):
        raise fail(where, "fan_in_fan_out", "weights are stored transposed", "merge adapters of Linear layers only")


def _pattern(patterns: Mapping[str, float] | None, module: str, default: Any) -> Any:
    """PEFT's rule: the first pattern that matches the end of the module's name, else the default."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
