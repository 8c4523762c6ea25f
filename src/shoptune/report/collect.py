"""Read a run's artifacts: their manifests, their scores, the sweep."""

from __future__ import annotations

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
    """One artifact of a run; `name` is its path inside the run's folder."""

    name: str
    stage: str
    seconds: float
    bytes: int
    path: Path


@dataclass(frozen=True)
class Difference:
    """The mean difference of two models by question.

    Attributes:
        mean: the difference; positive if the first model is better.
        low: lower end of the 95% bootstrap interval.
        high: its upper end.
        questions: how many both models were scored on.
    """

    mean: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True)
class Run:
    """Everything that a run produced.

    Attributes:
        directory: its folder.
        artifacts: in the order in which they were finished.
        scores: what `shoptune evaluate` wrote for each model, by the name of its folder, in the order of the artifacts.
    """

    directory: Path
    artifacts: list[Found]
    scores: Mapping[str, Mapping[str, Any]]

    def sweep(self) -> Path | None:
        """The folder of the run's sweep, if it has one."""
        return next((artifact.path for artifact in self.artifacts if artifact.stage == "sweep"), None)

    def difference(self, model: str, baseline: str) -> Difference | None:
        """How much better a model answers than another, on the questions that both were scored on; None without any."""
        first, second = (by_question(self.scores[name]["per_question"]) for name in (model, baseline))
        common = [question for question in first if question in second]
        if not common:
            return None
        scores = ([each[question] for question in common] for each in (first, second))
        return Difference(*paired_difference(*scores), questions=len(common))

    def pairs(self) -> list[tuple[str, str]]:
        """The models to compare, each with its baseline: merged with base if both were scored, else every two."""
        if {MERGED, BASE} <= self.scores.keys():
            return [(MERGED, BASE)]
        names = list(self.scores)
        return [(second, first) for number, first in enumerate(names) for second in names[number + 1 :]]


def by_question(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[str, int], float]:
    """Scores by the question's hash, and by its place among questions with the same text."""
    scores: dict[tuple[str, int], float] = {}
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        question = entry.get("question", str(number))  # scores of earlier versions have no hashes
        seen[question] = seen.get(question, -1) + 1
        scores[question, seen[question]] = entry["score"]
    return scores


def collect(directory: Path) -> Run:
    """Find every artifact under a folder.

    Raises:
        ShoptuneError: there is none.
    """
    found = []
    for manifest_file in directory.glob("**/manifest.json"):
        path = manifest_file.parent
        if any(part.endswith((".partial", ".old")) for part in path.relative_to(directory).parts):
            continue
        manifest = read_manifest(path) or {}
        size = sum(entry["bytes"] for entry in manifest["outputs"].values())
        name = str(path.relative_to(directory))
        found.append((manifest["finished"], Found(name, manifest["stage"], manifest["seconds"], size, path)))
    if not found:
        raise fail(directory, "", "contains no artifact", "name the folder of a run, such as runs/demo")
    artifacts = [artifact for _, artifact in sorted(found, key=lambda pair: pair[0])]
    evaluated = [artifact for artifact in artifacts if artifact.stage == "evaluate"]
    scores = {artifact.path.name: read_json(artifact.path / SCORES) for artifact in evaluated}
    return Run(directory, artifacts, scores)
