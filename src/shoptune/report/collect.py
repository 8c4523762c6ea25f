"""Read a run's artifacts: manifests, scores and the sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import fail
from shoptune.shopbench.summary import paired_difference

SCORES = "scores.json"
MERGED, BASE = "merged", "base"


@dataclass(frozen=True)
class Found:
    """One artifact of a run; `name` is its path relative to the run's folder."""

    name: str
    stage: str
    seconds: float
    bytes: int
    path: Path


@dataclass(frozen=True)
class Difference:
    """The mean difference between the question scores of two models.

    Attributes:
        mean: the mean difference; positive if the first model is better.
        low: the lower end of the 95% bootstrap interval.
        high: the upper end of the 95% bootstrap interval.
        questions: the number of questions that both models were scored on.
    """

    mean: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True)
class Run:
    """The artifacts and scores of a run.

    Attributes:
        directory: the run's folder.
        artifacts: the artifacts, in the order in which they were finished.
        scores: the scores.json of each model, by the name of its folder, or its path if several have
            that name, in the order of the artifacts.
    """

    directory: Path
    artifacts: list[Found]
    scores: Mapping[str, Mapping[str, Any]]

    def sweep(self) -> Path | None:
        """The folder of the run's sweep, or None if it has none."""
        return next((artifact.path for artifact in self.artifacts if artifact.stage == "sweep"), None)

    def scores_name(self, artifact: Found) -> str:
        """The name of an evaluate artifact among the scores."""
        return artifact.path.name if artifact.path.name in self.scores else artifact.name

    def difference(self, model: str, baseline: str) -> Difference | None:
        """Compare two models on the questions that both were scored on; None if there are none."""
        first, second = (by_question(self.scores[name]["per_question"]) for name in (model, baseline))
        common = [question for question in first if question in second]
        if not common:
            return None
        scores = ([each[question] for question in common] for each in (first, second))
        return Difference(*paired_difference(*scores), questions=len(common))

    def pairs(self) -> list[tuple[str, str]]:
        """Return the pairs of (model, baseline) to compare: merged and base if both were scored, else all pairs."""
        if {MERGED, BASE} <= self.scores.keys():
            return [(MERGED, BASE)]
        names = list(self.scores)
        return [(second, first) for number, first in enumerate(names) for second in names[number + 1 :]]


def by_question(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], float]:
    """Return scores, keyed by the question's hash and its position among questions with the same text."""
    scores: dict[tuple[str, int], float] = {}
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        question = entry.get("question", str(number))  # earlier versions wrote no hashes
        seen[question] = seen.get(question, -1) + 1
        scores[question, seen[question]] = entry["score"]
    return scores


def collect(directory: Path) -> Run:
    """Find every artifact under a folder.

    Raises:
        ShoptuneError: the folder contains no artifact, or is one, whose scores.json the report would replace.
    """
    if own := read_manifest(directory):
        what = f"is an artifact of `shoptune {own['stage']}`, not the folder of a run"
        raise fail(directory, "", what, "choose the folder that contains the run's artifacts")
    found = []
    for manifest_file in directory.glob("**/manifest.json"):
        path = manifest_file.parent
        if any(part.endswith((".partial", ".old")) for part in path.relative_to(directory).parts):
            continue
        manifest = read_manifest(path)
        if manifest is None:
            continue
        size = sum(entry["bytes"] for entry in manifest["outputs"].values())
        name = str(path.relative_to(directory))
        found.append((manifest["finished"], Found(name, manifest["stage"], manifest["seconds"], size, path)))
    if not found:
        raise fail(directory, "", "contains no artifacts", "choose the folder of a run, such as runs/demo")
    artifacts = [artifact for _, artifact in sorted(found, key=lambda pair: pair[0])]
    evaluated = [artifact for artifact in artifacts if artifact.stage == "evaluate"]
    names = model_names([artifact.name for artifact in evaluated])
    scores = {name: read_json(artifact.path / SCORES) for name, artifact in zip(names, evaluated, strict=True)}
    return Run(directory, artifacts, scores)


def model_names(paths: Sequence[str]) -> list[str]:
    """Return the name of the folder of each model's scores, or the path itself if several folders have that name."""
    names = [path.rpartition("/")[2] for path in paths]
    repeated = Counter(names)
    return [name if repeated[name] == 1 else path for name, path in zip(names, paths, strict=True)]
