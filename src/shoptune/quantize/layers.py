"""Measure the quality of each 4-bit layer: the error of its weights, its largest activation, the size of its delta."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from shoptune.artifacts.publish import write_atomically
from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.tensor_file import read_rows
from shoptune.errors import fail
from shoptune.quantize.source import PaddedSource

FLOAT16_MAX = 65504.0
_SHOWN = 3
_BITS = 4


@dataclass(frozen=True)
class Layer:
    """The figures of one weight matrix. Norms are Frobenius norms.

    Attributes:
        name: the name of the weight.
        weight_norm: the norm of the weights before quantization.
        error_norm: the norm of the quantization error, after undoing AWQ's scales.
        max_error: the largest absolute entry of the quantization error.
        largest_activation: the largest absolute input or output in the calibration set, or None if not observed.
        base_error_norm: the norm of the error of rounding the base's weights to 4 bits; None without a base.
        delta_norm: the norm of the difference between these weights and those of the base; None without a base.
    """

    name: str
    weight_norm: float
    error_norm: float
    max_error: float
    largest_activation: float | None = None
    base_error_norm: float | None = None
    delta_norm: float | None = None

    @property
    def error_share(self) -> float:
        """The norm of the error, relative to the norm of the weights."""
        return self.error_norm / self.weight_norm if self.weight_norm else 0.0

    @property
    def delta_to_error(self) -> float | None:
        """The norm of the delta, relative to the base's rounding error. Below 1, rounding outweighs the delta."""
        if self.delta_norm is None or not self.base_error_norm:
            return None
        return self.delta_norm / self.base_error_norm

    @property
    def overflows_float16(self) -> bool:
        """Whether an activation is too large for float16, in which AWQ and GPTQ kernels compute."""
        return self.largest_activation is not None and self.largest_activation > FLOAT16_MAX


def round_to_nearest(weight: torch.Tensor, group_size: int, *, symmetric: bool) -> torch.Tensor:
    """Round weights to 4 bits without calibration, the baseline that AWQ and GPTQ improve on.

    Args:
        weight: the weights, shape (rows, columns), float32; the columns are a whole number of groups.
        group_size: the number of consecutive columns that share a scale.
        symmetric: scale by the largest absolute weight, to -8 to 7; otherwise scale by the range, to 0 to 15.
    """
    rounded: torch.Tensor
    groups = weight.reshape(-1, group_size)
    if symmetric:
        scale = groups.abs().amax(1, keepdim=True).clamp(min=1e-10) / (2 ** (_BITS - 1) - 0.5)
        rounded = (groups / scale).round().clamp(-(2 ** (_BITS - 1)), 2 ** (_BITS - 1) - 1) * scale
    else:
        low, high = groups.amin(1, keepdim=True).clamp(max=0), groups.amax(1, keepdim=True).clamp(min=0)
        scale = (high - low).clamp(min=1e-10) / (2**_BITS - 1)
        zero = (-low / scale).round()
        rounded = ((groups / scale).round() + zero).clamp(0, 2**_BITS - 1).sub(zero) * scale
    return rounded.reshape(weight.shape)


@dataclass(frozen=True)
class Grid:
    """The grid that weights are rounded to: the group size, and whether it is symmetric."""

    group_size: int
    symmetric: bool


class LayerChecks:
    """Measures layers as an engine finishes them, and raises if they have NaN or infinite values.

    Args:
        source: the weights before quantization.
        grid: the grid that the engine rounds to.
        base: the checkpoint that adapters were merged into, or None if it is unknown.
        directory: the folder for figures, from which a resumed run reads those of earlier layers.
    """

    def __init__(self, source: PaddedSource, grid: Grid, base: Checkpoint | None, directory: Path) -> None:
        self._source, self._grid, self._base, self._directory = source, grid, base, directory
        self._directory.mkdir(parents=True, exist_ok=True)

    def record(self, name: str, quantized: torch.Tensor, largest_activation: float | None = None) -> Layer:
        """Compare a quantized weight with the original, and save the figures.

        Args:
            name: the name of the weight.
            quantized: the values after quantization, with padding, in any float type.
            largest_activation: the largest absolute input or output in the calibration set.

        Raises:
            ShoptuneError: a weight or an activation is NaN or infinite.
        """
        file = self._source.checkpoint.tensors[name].file
        original = self._source.read(name).float()
        error = quantized.to("cpu", torch.float32) - original
        if not torch.isfinite(error).all():
            raise fail(file, name, "is NaN or infinite after quantization", "calibrate on more samples")
        if largest_activation is not None and not math.isfinite(largest_activation):
            what = "has NaN or infinite activations on the calibration samples"
            raise fail(file, name, what, "merge with a smaller alpha, or set device: cpu, which computes in float32")
        base_error, delta = self._base_figures(name, original)
        layer = Layer(
            name=name,
            weight_norm=_norm(original),
            error_norm=_norm(error),
            max_error=float(error.abs().max()),
            largest_activation=largest_activation,
            base_error_norm=base_error,
            delta_norm=delta,
        )
        write_atomically(self._file(name), json.dumps(asdict(layer)) + "\n")
        return layer

    def layers(self) -> list[Layer]:
        """Return the figures of all layers, in the order of the checkpoint."""
        files = [self._file(name) for name in self._source.names]
        return [Layer(**json.loads(file.read_text(encoding="utf-8"))) for file in files if file.is_file()]

    def _base_figures(self, name: str, original: torch.Tensor) -> tuple[float | None, float | None]:
        """Return the norms of the base's rounding error and of the delta."""
        spec = self._base.tensors.get(name) if self._base else None
        if spec is None:
            return None, None
        base = read_rows(spec).float()
        rows, columns = (new - old for new, old in zip(original.shape, base.shape, strict=True))
        if rows < 0 or columns < 0:
            return None, None
        base = torch.nn.functional.pad(base, (0, columns, 0, rows))
        rounded = round_to_nearest(base, self._grid.group_size, symmetric=self._grid.symmetric)
        return _norm(rounded - base), _norm(original - base)

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.json"


def report(layers: Sequence[Layer], missing_base: str) -> dict[str, Any]:
    """Return the figures for quantize_report.json: in total, per kind of layer, and per layer.

    Args:
        layers: the measured layers.
        missing_base: the reason why there are no figures of the delta, or empty if there are.
    """
    kinds: dict[str, list[Layer]] = {}
    for layer in layers:
        kinds.setdefault(kind_of(layer.name), []).append(layer)
    return {
        "weight_error": _total(layers),
        "by_kind": {kind: _total(members) for kind, members in kinds.items()},
        "float16_overflows": [layer.name for layer in layers if layer.overflows_float16],
        **({"no_base": missing_base} if missing_base else {}),
        "layers": [
            asdict(layer) | {"error_share": layer.error_share, "delta_to_error": layer.delta_to_error}
            for layer in layers
        ],
    }


def kind_of(name: str) -> str:
    """Return the kind of a weight, such as `down_proj` for `model.layers.3.mlp.down_proj.weight`."""
    return name.removesuffix(".weight").rpartition(".")[2]


def sentences(layers: Sequence[Layer]) -> list[str]:
    """Return sentences for the terminal: the total error, deltas smaller than rounding errors, and overflows."""
    total = _total(layers)
    said = [f"4 bits changed the weights by {total['error_share']:.1%} of their norm"]
    if total["delta_to_error"] is not None:
        drowned = [layer for layer in layers if (layer.delta_to_error or 0) < 1]
        said[0] += (
            f"; the delta's norm is {total['delta_to_error']:.2f} times that of the base's rounding error, "
            f"and below it in {len(drowned)} of {len(layers)} layers"
        )
    if overflowing := [layer.name for layer in layers if layer.overflows_float16]:
        shown = ", ".join(overflowing[:_SHOWN]) + (", ..." if len(overflowing) > _SHOWN else "")
        said.append(f"activations beyond float16's {FLOAT16_MAX:.0f} in {len(overflowing)} layers: {shown}")
    return said


def _total(layers: Sequence[Layer]) -> dict[str, float | None]:
    """Return the figures of several layers, treated as one matrix."""
    weight, error = (_root_sum([getattr(layer, key) for layer in layers]) for key in ("weight_norm", "error_norm"))
    total: dict[str, float | None] = {"error_share": error / weight if weight else 0.0, "error_norm": error}
    measured = [layer for layer in layers if layer.delta_to_error is not None]
    total |= {"delta_norm": None, "base_error_norm": None, "delta_to_error": None}
    if measured:
        delta = _root_sum([layer.delta_norm or 0.0 for layer in measured])
        base = _root_sum([layer.base_error_norm or 0.0 for layer in measured])
        total |= {"delta_norm": delta, "base_error_norm": base, "delta_to_error": delta / base}
    seen = [layer.largest_activation for layer in layers if layer.largest_activation is not None]
    return total | {"largest_activation": max(seen, default=None)}


def _root_sum(norms: Sequence[float]) -> float:
    return math.sqrt(math.fsum(norm**2 for norm in norms))


def _norm(tensor: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(tensor.double()))


def base_of(model: Path) -> tuple[Checkpoint | None, str]:
    """Find the base of a merged checkpoint from its manifest; or return None and the reason why it is unknown."""
    from shoptune.artifacts.manifest import digest, read_manifest

    manifest: Mapping[str, Any] = read_manifest(model) or {}
    recorded = manifest.get("inputs", {}).get("base")
    if manifest.get("stage") != "merge" or recorded is None:
        return None, f"{model} was not written by `shoptune merge`"
    path = Path(recorded["path"])
    if not path.is_dir():
        return None, f"the base {path} no longer exists"
    if digest(path) != recorded["sha256"]:
        return None, f"the base {path} has changed since the merge"
    return Checkpoint(path), ""
