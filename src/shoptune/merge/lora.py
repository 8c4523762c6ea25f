"""Read LoRA adapters in PEFT's format."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from shoptune.checkpoints.checkpoint import Checkpoint, read_json, refuse_pickles
from shoptune.checkpoints.tensor_file import TensorSpec, read_header, read_rows
from shoptune.errors import fail

_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_FACTOR = re.compile(rf"{re.escape(_PREFIX)}(?P<module>.+)\.lora_(?:embedding_)?(?P<side>[AB])(?:\.weight)?")


@dataclass(frozen=True)
class Factors:
    """The low-rank delta of one weight matrix, `b @ a`.

    Attributes:
        a: float32, rank x columns.
        b: float32, rows x rank, multiplied by the adapter's scale.
    """

    a: torch.Tensor
    b: torch.Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the delta."""
        return self.b.shape[0], self.a.shape[1]


@dataclass(frozen=True)
class Target:
    """Where the factors of one weight are stored; they are read when the weight is merged."""

    a: TensorSpec
    b: TensorSpec
    scale: float
    is_embedding: bool

    @property
    def rank(self) -> int:
        """The rank of the delta."""
        return self.a.shape[0]

    def load(self) -> Factors:
        """Read both factors in float32 and multiply `b` by the scale.

        Raises:
            ShoptuneError: a number in them is not finite.
        """
        a, b = (_finite(spec) for spec in (self.a, self.b))
        if self.is_embedding:  # PEFT adds the transpose of B @ A to an embedding
            a, b = b.T, a.T
        return Factors(a.contiguous(), b * self.scale)


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter and the weights that it changes, by their names in the base."""

    path: Path
    targets: Mapping[str, Target]


def load_adapter(path: Path, base: Checkpoint) -> Adapter:
    """Open a PEFT LoRA adapter and check that its shapes fit a base.

    Raises:
        ShoptuneError: the folder is not a LoRA adapter of this base, uses a feature that a delta cannot express, or
            holds pickled weights.
    """
    settings = read_json(path / "adapter_config.json")
    _refuse_what_no_delta_expresses(path, settings)
    refuse_pickles(path)
    sides: dict[str, dict[str, TensorSpec]] = {}
    for spec in read_header(path / _WEIGHTS):
        match = _FACTOR.fullmatch(spec.name)
        if not match:
            raise fail(path / _WEIGHTS, spec.name, "is not a LoRA factor", "train with adapter: lora or qlora")
        sides.setdefault(match["module"], {})[match["side"]] = spec
    targets = {f"{module}.weight": _target(path, module, pair, settings, base) for module, pair in sides.items()}
    return Adapter(path, targets)


def _target(
    path: Path, module: str, pair: Mapping[str, TensorSpec], settings: Mapping[str, Any], base: Checkpoint
) -> Target:
    if pair.keys() != {"A", "B"}:
        raise fail(path / _WEIGHTS, module, f"has only the factor {'/'.join(pair)}", "copy the whole adapter again")
    a, b = pair["A"], pair["B"]
    rank = a.shape[0]
    expected = _pattern(settings.get("rank_pattern"), module, settings["r"])
    if rank != expected or b.shape[1] != rank:
        what = f"has factors of rank {rank} and {b.shape[1]}, its config says {expected}"
        raise fail(path / _WEIGHTS, module, what, "copy the adapter with its own adapter_config.json")
    spec = base.tensors.get(f"{module}.weight")
    if spec is None:
        raise fail(path, module, f"changes a weight that {base.path} does not have", "merge it into its own base")
    is_embedding = "lora_embedding_" in a.name
    shape = (a.shape[1], b.shape[0]) if is_embedding else (b.shape[0], a.shape[1])
    if spec.shape != shape:
        what = f"has a delta of {_shape(shape)}, the base's weight is {_shape(spec.shape)}"
        raise fail(path, module, what, "merge it into its own base")
    alpha = _pattern(settings.get("alpha_pattern"), module, settings["lora_alpha"])
    scale = alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank
    return Target(a, b, scale, is_embedding)


def _finite(spec: TensorSpec) -> torch.Tensor:
    tensor = read_rows(spec).float()
    if not torch.isfinite(tensor).all():
        raise fail(spec.file, spec.name, "holds NaN or infinity", "train again with a lower learning rate")
    return tensor


def _refuse_what_no_delta_expresses(path: Path, settings: Mapping[str, Any]) -> None:
    where = path / "adapter_config.json"
    if settings.get("peft_type") != "LORA":
        raise fail(where, "peft_type", f"is {settings.get('peft_type')!r}", "merge LoRA adapters only")
    if settings.get("use_dora"):
        raise fail(
            where, "use_dora", "DoRA rescales whole weights, which a low-rank delta cannot do", "train without DoRA"
        )
    if settings.get("bias", "none") != "none":
        raise fail(where, "bias", f"is {settings['bias']!r}: biases were trained too", "train with bias: none")
    if settings.get("modules_to_save"):
        what = f"whole modules were trained: {', '.join(settings['modules_to_save'])}"
        raise fail(where, "modules_to_save", what, "train without modules_to_save")
    if settings.get("fan_in_fan_out"):
        raise fail(where, "fan_in_fan_out", "weights are stored transposed", "merge adapters of Linear layers only")


def _pattern(patterns: Mapping[str, float] | None, module: str, default: Any) -> Any:
    """PEFT's rule: the first pattern that matches the end of the module's name, else the default."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return value
    return default


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
