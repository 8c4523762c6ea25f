"""The curves of trainings, finished or running, and the modules that they train."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.errors import ShoptuneError
from shoptune.studio.reading.weights import place_of
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.train.exchange import JOB, METRICS, PROGRESS, SPEED, read_json
from shoptune.train.speed import read_rates

MEASURES = {
    "loss": "Loss",
    "eval_loss": "Evaluation loss",
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_second": "Tokens per second",
}
AXES = {"step": "Step", "epoch": "Epoch", "tokens": "Tokens"}
_WEIGHTS = "adapter_model.safetensors"

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Training:
    """One training.

    Attributes:
        name: the path of its folder inside the run, without `.partial`.
        folder: its folder.
        config: its YAML's keys and values.
        entries: what was logged: `step`, `epoch`, `tokens`, `tokens_per_second` and the other measures.
        seconds: how long it took, or None if it has not finished.
        progress: the current step of an unfinished training, as `step` and `steps`, or empty.
    """

    name: str
    folder: Path
    config: Mapping[str, Any]
    entries: Sequence[Mapping[str, float]]
    seconds: float | None
    progress: Mapping[str, Any]

    def curve(self, measure: str, axis: str = "step") -> list[tuple[float, float]]:
        """The points of a measure; none if it was not logged.

        Args:
            measure: one of `MEASURES`.
            axis: one of `AXES`.
        """
        return [(entry[axis], entry[measure]) for entry in self.entries if measure in entry and axis in entry]

    @property
    def last(self) -> Mapping[str, float]:
        """The last entry with a loss; empty if there is none."""
        return next((entry for entry in reversed(self.entries) if "loss" in entry), {})

    @property
    def tokens_per_second(self) -> float | None:
        """All tokens over the time of the whole stage, start-up included; None if either is unknown."""
        tokens = self.last.get("tokens")
        return tokens / self.seconds if tokens and self.seconds else None


@dataclass(frozen=True)
class TrainedModule:
    """A weight that an adapter changes.

    Attributes:
        name: the weight's name.
        kind: its kind, such as `down_proj`.
        rank: of its factors.
        rows: of the weight.
        columns: of the weight.
    """

    name: str
    kind: str
    rank: int
    rows: int
    columns: int

    @property
    def parameters(self) -> int:
        """How many numbers were trained."""
        return self.rank * (self.rows + self.columns)


@dataclass(frozen=True)
class ModuleKind:
    """The modules of one kind: how many there are, their ranks and shapes, and the parameters of all of them."""

    kind: str
    modules: int
    ranks: tuple[int, ...]
    shapes: tuple[tuple[int, int], ...]
    parameters: int


def trainings(run: RunFolder) -> list[Training]:
    """The finished trainings of a run in the order in which they were finished, then the unfinished ones."""
    finished = [_finished(run, artifact) for artifact in run.of_stage("train")]
    unfinished = [_unfinished(run, folder) for folder in run.unfinished() if (folder / JOB).is_file()]
    return finished + [training for training in unfinished if training]


def smoothed(points: Curve, weight: float) -> list[tuple[float, float]]:
    """An exponential moving average, without the bias of its start towards zero (Kingma and Ba 2015, section 3).

    Args:
        points: as (x, y), in the order of x.
        weight: of the average so far, from 0 (no smoothing) to less than 1.
    """
    average, result = 0.0, []
    for number, (x, y) in enumerate(points, start=1):
        average = weight * average + (1 - weight) * y
        result.append((x, average / (1 - weight**number)))
    return result


def modules_of(folder: Path) -> list[TrainedModule]:
    """The weights that an adapter changes by low-rank factors, in the order of its file.

    Raises:
        ShoptuneError: the folder is not a LoRA adapter, or its file is malformed.
    """
    from shoptune.merge.lora import read_factors  # loads torch

    return [
        TrainedModule(name, place_of(name).kind, change.a.shape[0], *change.shape)
        for name, change in read_factors(folder).items()
    ]


def by_kind(modules: Sequence[TrainedModule]) -> list[ModuleKind]:
    """The modules of each kind together, in the order of the adapter's file."""
    kinds: dict[str, list[TrainedModule]] = {}
    for module in modules:
        kinds.setdefault(module.kind, []).append(module)
    return [
        ModuleKind(
            kind=kind,
            modules=len(members),
            ranks=tuple(sorted({module.rank for module in members})),
            shapes=tuple(sorted({(module.rows, module.columns) for module in members})),
            parameters=sum(module.parameters for module in members),
        )
        for kind, members in kinds.items()
    ]


def is_adapter(training: Training) -> bool:
    """Whether a training has finished and wrote an adapter rather than a whole model."""
    return (training.folder / _WEIGHTS).is_file()


def _finished(run: RunFolder, artifact: Artifact) -> Training:
    speed = artifact.manifest.get("measured", {}).get("tokens_per_second", [])
    entries = _read_lines(run.file(artifact, METRICS)) if run.has(artifact, METRICS) else []
    return Training(
        name=artifact.name,
        folder=artifact.path,
        config=artifact.manifest["config"],
        entries=_with_speed(entries, speed),
        seconds=float(artifact.manifest["seconds"]),
        progress={},
    )


def _unfinished(run: RunFolder, folder: Path) -> Training | None:
    if run.leads_outside(folder):
        return None
    job = read_json(folder / JOB)
    return Training(
        name=folder.relative_to(run.root).as_posix().removesuffix(".partial"),
        folder=folder,
        config=job["axolotl"],
        entries=_with_speed(_read_lines(folder / METRICS), read_rates(folder / SPEED)),
        seconds=None,
        progress=read_json(folder / PROGRESS) or {},
    )


def _with_speed(entries: list[dict[str, Any]], speed: Sequence[Any]) -> list[dict[str, Any]]:
    """Add the speed to the entries of the same step that have a loss."""
    rates = dict(speed)
    return [
        entry | {"tokens_per_second": rates[entry["step"]]} if "loss" in entry and entry["step"] in rates else entry
        for entry in entries
    ]


def _read_lines(file: Path) -> list[Any]:
    """The JSON lines of a file; a last line that is still being written is left out."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def problem_of(error: ShoptuneError) -> str:
    """An error as a sentence for a page."""
    return "; ".join(
        f"{problem.what} ({problem.where})" if problem.where else problem.what for problem in error.problems
    )
