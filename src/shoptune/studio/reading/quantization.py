"""4-bit checkpoints: the score budget, errors of layers, parity gates, calibration sets and grids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shoptune.checkpoints.checkpoint import read_json
from shoptune.report.budget import Step, budget_of
from shoptune.report.parity import Gate, gates_of
from shoptune.report.quantized import Quantized, quantized_of
from shoptune.studio.reading.weights import LayerTable, by_layer
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.sweep.grid_points import TABLE, VERDICT

FIGURES = {
    "error_share": "Weight error, as a share of the weights' norm",
    "delta_to_error": "Delta over the rounding error of the base",
    "largest_activation": "Largest activation",
    "max_error": "Largest error of a weight",
}
_REPORT = "quantize_report.json"
_SCORES = 4  # columns of a grid before the task types: point, score, interval, difference
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Calibrated:
    """The calibration set of a 4-bit checkpoint.

    Attributes:
        name: the path of the artifact inside the run.
        samples: questions or rows used.
        blocks: how many, of `block_length` tokens each.
        block_length: in tokens.
        tokens: by task type.
    """

    name: str
    samples: int
    blocks: int
    block_length: int
    tokens: Mapping[str, int]


@dataclass(frozen=True)
class GridScore:
    """A point of a quantization grid.

    Attributes:
        name: what it changes, or the model before quantization.
        score: by question.
        low: the lower end of its 95% interval.
        high: the upper end.
        against: the difference from the model before quantization as (mean, low, high), or None.
        by_task_type: scores.
    """

    name: str
    score: float
    low: float
    high: float
    against: tuple[float, float, float] | None
    by_task_type: Mapping[str, float]


@dataclass(frozen=True)
class QuantizationGrid:
    """A grid of quantizations: its points, those with the highest scores first, and its sentence."""

    name: str
    points: Sequence[GridScore]
    verdict: str


def budget(run: RunFolder) -> list[Step]:
    """The steps of the score budget; the result is kept in memory, since intervals take time.

    Raises:
        ShoptuneError: an artifact is malformed.
    """
    made = tuple((artifact.name, str(artifact.manifest["request"])) for artifact in run.artifacts())
    return _budget(run, made)


@lru_cache(maxsize=4)
def _budget(run: RunFolder, _made: tuple[tuple[str, str], ...]) -> list[Step]:
    collected = run.collected()
    return budget_of(collected) if collected else []


def quantized(run: RunFolder) -> list[Quantized]:
    """The 4-bit checkpoints that report their layers."""
    collected = run.collected()
    return quantized_of(collected) if collected else []


def gates(run: RunFolder) -> list[Gate]:
    """The parity gates."""
    collected = run.collected()
    return gates_of(collected) if collected else []


def table(found: Quantized, figure: str) -> LayerTable:
    """A figure of `FIGURES` of every layer, by layer and kind."""
    return by_layer({layer["name"]: layer.get(figure) for layer in found.layers})


def calibrations(run: RunFolder) -> list[Calibrated]:
    """The calibration sets of the 4-bit checkpoints that needed one.

    Raises:
        ShoptuneError: a report is malformed.
    """
    found = [artifact for artifact in run.of_stage("quantize") if run.has(artifact, _REPORT)]
    reports = [(artifact.name, read_json(run.file(artifact, _REPORT)).get("calibration")) for artifact in found]
    return [_calibrated(name, summary) for name, summary in reports if summary]


def grids(run: RunFolder) -> list[QuantizationGrid]:
    """The quantization grids.

    Raises:
        ShoptuneError: a file of a grid is missing.
    """
    return [_grid(run, artifact) for artifact in run.of_stage("grid")]


def read_table(text: str) -> list[GridScore]:
    """The points in the Markdown table of a grid, in its order."""
    head, _, *lines = text.splitlines()
    kinds = _cells(head)[_SCORES:]
    return [_grid_score(line, kinds) for line in lines]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]


def _grid_score(line: str, kinds: Sequence[str]) -> GridScore:
    cells = _cells(line)
    first = len(cells) - len(kinds) - _SCORES + 1  # names may contain the separator
    score, interval, against, *by_kind = cells[first:]
    low, high = map(float, interval.split(" to "))
    difference = [float(number) for number in _NUMBER.findall(against)]
    return GridScore(
        name=" | ".join(cells[:first]),
        score=float(score),
        low=low,
        high=high,
        against=(difference[0], difference[1], difference[2]) if difference else None,
        by_task_type=dict(zip(kinds, map(float, by_kind), strict=True)),
    )


def _grid(run: RunFolder, artifact: Artifact) -> QuantizationGrid:
    texts = [run.file(artifact, name).read_text(encoding="utf-8") for name in (TABLE, VERDICT)]
    return QuantizationGrid(artifact.name, read_table(texts[0]), texts[1].strip())


def _calibrated(name: str, summary: Mapping[str, Any]) -> Calibrated:
    return Calibrated(
        name, summary["samples"], summary["blocks"], summary["block_length"], summary["tokens_by_task_type"]
    )
