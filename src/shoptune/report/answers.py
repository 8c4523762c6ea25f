"""The speed of inference, and the effect of constraints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import read_json
from shoptune.report.collect import Run

_TIMING = "timing.json"
_PREDICTIONS = "predictions.jsonl"


@dataclass(frozen=True)
class Answers:
    """The predictions of one run of `shoptune infer`.

    Attributes:
        name: the path of the artifact, relative to the run's folder.
        constraints: the kinds of constraints that were applied.
        timing: the content of timing.json.
        score: the score by question, or None if the predictions were not evaluated.
        alike: a value that is equal for predictions that differ only in their constraints.
    """

    name: str
    constraints: tuple[str, ...]
    timing: Mapping[str, float]
    score: float | None
    alike: str


def answers_of(run: Run) -> list[Answers]:
    """Return all predictions with a timing.json, in the order in which they were finished."""
    scores = _scores_by_predictions(run)
    return [
        _answers(artifact.name, read_manifest(artifact.path) or {}, read_json(artifact.path / _TIMING), scores)
        for artifact in run.artifacts
        if artifact.stage == "infer" and (artifact.path / _TIMING).is_file()
    ]


def constrained_and_free(answers: Sequence[Answers]) -> list[tuple[Answers, Answers]]:
    """Pair predictions by the same model for the same questions, with and without constraints."""
    return [
        (first, second)
        for first in answers
        for second in answers
        if first.alike == second.alike and first.constraints and not second.constraints
    ]


def _answers(
    name: str, manifest: Mapping[str, Any], timing: Mapping[str, float], scores: Mapping[str, float]
) -> Answers:
    config = dict(manifest["config"])
    constraints = config.pop("constraints", {})
    inputs = {key: entry["sha256"] for key, entry in manifest["inputs"].items()}
    return Answers(
        name=name,
        constraints=tuple(kind.replace("_", " ") for kind, setting in constraints.items() if setting),
        timing=timing,
        score=scores.get(manifest["outputs"][_PREDICTIONS]["sha256"]),
        alike=json.dumps([config, inputs], sort_keys=True),
    )


def _scores_by_predictions(run: Run) -> dict[str, float]:
    """Return overall scores, keyed by the digest of the predictions."""
    found = {}
    for artifact in run.artifacts:
        if artifact.stage == "evaluate":
            inputs = (read_manifest(artifact.path) or {})["inputs"]
            if "predictions" in inputs:
                score = run.scores[run.scores_name(artifact)]["overall"]["by_question"]
                found[inputs["predictions"]["sha256"]] = score
    return found
