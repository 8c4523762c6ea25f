"""Read a run's artifacts: their manifests, their scores, the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import fail
from shoptune.shopbench.summary import paired_difference

SCORES = "scores.json"


@dataclass(frozen=True)
class Found:
    """One artifact of a run; `name` is its path inside the run's folder."""

    name: str
    stage: str
    seconds: float
    bytes: int
    path: Path


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

    def difference(self, model: str, baseline: str) -> tuple[float, float, float]:
        """The mean difference in question scores between two models, with its 95% bootstrap interval.

        Raises:
            ShoptuneError: the two answered different numbers of questions.
        """
        first, second = ([q["score"] for q in self.scores[name]["per_question"]] for name in (model, baseline))
        if len(first) != len(second):
            found = f"{len(first)} questions were scored, and {len(second)} of {baseline}"
            raise fail(self.directory, model, found, "answer and evaluate both on the same questions")
        return paired_difference(first, second)


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
