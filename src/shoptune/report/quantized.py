"""The quality of 4-bit layers, from the reports of the quantize artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.report.collect import Run

_REPORT = "quantize_report.json"


@dataclass(frozen=True)
class Quantized:
    """The layers of one 4-bit checkpoint.

    Attributes:
        name: path of the artifact inside the run's folder.
        engine: what quantized it.
        total: figures of all layers together.
        kinds: figures of each kind of layer, such as `down_proj`.
        layers: figures of each layer, those with the largest error first.
        overflows: the layers with activations that do not fit float16.
        no_base: why there are no figures of the delta, or an empty text.
    """

    name: str
    engine: str
    total: Mapping[str, Any]
    kinds: Mapping[str, Mapping[str, Any]]
    layers: Sequence[Mapping[str, Any]]
    overflows: Sequence[str]
    no_base: str


def quantized_of(run: Run) -> list[Quantized]:
    """Every quantize artifact that reports layers, in the order in which they were finished."""
    files = [(artifact.name, artifact.path / _REPORT) for artifact in run.artifacts if artifact.stage == "quantize"]
    reports = [(name, read_json(file)) for name, file in files if file.is_file()]
    return [_quantized(name, report) for name, report in reports if report.get("layers")]


def _quantized(name: str, report: Mapping[str, Any]) -> Quantized:
    return Quantized(
        name=name,
        engine=report["engine"],
        total=report["weight_error"],
        kinds=report["by_kind"],
        layers=sorted(report["layers"], key=lambda layer: -float(layer["error_share"])),
        overflows=report["float16_overflows"],
        no_base=report.get("no_base", ""),
    )
