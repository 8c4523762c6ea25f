"""Answers to the same questions before and after a training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import digest
from shoptune.checkpoints.checkpoint import read_json
from shoptune.report.collect import SCORES
from shoptune.studio.run_folder import Artifact, RunFolder

_PREDICTIONS = "predictions.jsonl"
ORDERS = {"gained": "Largest gain first", "lost": "Largest loss first", "asked": "As asked"}


@dataclass(frozen=True)
class Sample:
    """A question with the answers of two models; scores and task type are those of an evaluation, if there is one."""

    question: str
    task_type: str
    before: str
    after: str
    before_score: float | None
    after_score: float | None

    @property
    def gain(self) -> float:
        """The score after minus the score before; 0 if either is unknown."""
        if self.before_score is None or self.after_score is None:
            return 0.0
        return self.after_score - self.before_score


@dataclass(frozen=True)
class Pair:
    """The predictions of a base and of an adapter for the same questions."""

    before: Artifact
    after: Artifact


def answers_before_and_after(run: RunFolder, adapter: Artifact) -> Pair | None:
    """Find predictions of an adapter's base and of the adapter, alone, for the same questions; None if there are none.

    An adapter answers over its base, or merged into it without others. Of several pairs, the first is chosen whose
    profiles are equal, else the first.
    """
    base = adapter.manifest["inputs"].get("base_model", {}).get("sha256")
    own = digest(adapter.path)
    merged = {digest(artifact.path) for artifact in run.of_stage("merge") if _is_merge_of(artifact, own)}
    before, after = [], []
    for artifact in run.of_stage("infer"):
        inputs = {name: entry["sha256"] for name, entry in artifact.manifest["inputs"].items()}
        if inputs.get("adapter") == own or inputs["model"] in merged:
            after.append(artifact)
        elif inputs["model"] == base and "adapter" not in inputs:
            before.append(artifact)
    pairs = [Pair(first, second) for second in after for first in before if _questions(first) == _questions(second)]
    alike = [pair for pair in pairs if _profile(pair.before) == _profile(pair.after)]
    return next(iter(alike or pairs), None)


def samples(run: RunFolder, pair: Pair) -> list[Sample]:
    """The questions with both answers, as asked.

    Raises:
        ShoptuneError: a file is missing or malformed.
    """
    files = [run.file(artifact, _PREDICTIONS) for artifact in (pair.before, pair.after)]
    scores = [_scores_file(run, artifact) for artifact in (pair.before, pair.after)]
    stamps = tuple(file.stat().st_mtime_ns for file in [*files, *scores] if file)
    return _read((files[0], files[1]), (scores[0], scores[1]), stamps)


def ordered(found: Sequence[Sample], order: str, task_type: str = "") -> list[Sample]:
    """The samples of a task type, or all, in one of `ORDERS`."""
    kept = [sample for sample in found if not task_type or sample.task_type == task_type]
    if order == "asked":
        return kept
    return sorted(kept, key=lambda sample: -sample.gain if order == "gained" else sample.gain)


@lru_cache(maxsize=8)
def _read(files: tuple[Path, Path], scores: tuple[Path | None, Path | None], _stamps: tuple[int, ...]) -> list[Sample]:
    before, after = (_records(file) for file in files)
    first, second = (_entries(file, len(before)) for file in scores)
    return [
        Sample(
            question=str(old["input_field"]),
            task_type=str((mine or theirs).get("task_type", "")),
            before=str(old["prediction"]),
            after=str(new["prediction"]),
            before_score=mine.get("score"),
            after_score=theirs.get("score"),
        )
        for old, new, mine, theirs in zip(before, after, first, second, strict=False)
        if old["input_field"] == new["input_field"]
    ]


def _records(file: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]


def _entries(file: Path | None, count: int) -> Sequence[Mapping[str, Any]]:
    """The scores in the order of the questions; empty ones if there are none, or of another number of questions."""
    entries: Sequence[Mapping[str, Any]] = read_json(file)["per_question"] if file else ()
    return entries if len(entries) == count else [{}] * count


def _scores_file(run: RunFolder, predictions: Artifact) -> Path | None:
    sha256 = predictions.manifest["outputs"][_PREDICTIONS]["sha256"]
    for artifact in run.of_stage("evaluate"):
        if artifact.manifest["inputs"].get("predictions", {}).get("sha256") == sha256 and run.has(artifact, SCORES):
            return run.file(artifact, SCORES)
    return None


def _is_merge_of(artifact: Artifact, adapter: str) -> bool:
    members = [entry["sha256"] for name, entry in artifact.manifest["inputs"].items() if name.startswith("adapters[")]
    return members == [adapter]


def _questions(artifact: Artifact) -> str:
    return str(artifact.manifest["inputs"].get("questions", {}).get("sha256"))


def _profile(artifact: Artifact) -> str:
    return json.dumps(artifact.manifest["config"], sort_keys=True)
