"""The scored models of a run, and the files with their answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from shoptune.errors import ShoptuneError, fail
from shoptune.infer.stage import PREDICTIONS, RAW
from shoptune.report.collect import SCORES, model_names
from shoptune.shopbench.question_files import read_records
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.summary import question_id
from shoptune.studio.reading.recorded import recorded_input
from shoptune.studio.run_folder import Artifact, RunFolder

ValueT = TypeVar("ValueT")
Key = tuple[str, int]  # a question's hash, and its position among questions with the same text


@dataclass(frozen=True)
class Model:
    """A model whose answers were scored.

    Attributes:
        name: its name in the report.
        scores: the artifact of `shoptune evaluate`.
        answers: the artifact of `shoptune infer`, or None if it is not in the run.
    """

    name: str
    scores: Artifact
    answers: Artifact | None

    @property
    def identity(self) -> str:
        """A value that changes if the scores are made again."""
        return f"{self.scores.path}:{self.scores.manifest.get('finished')}"


@dataclass(frozen=True)
class Entry:
    """The score of one answer; the fields are those of scores.json."""

    key: Key
    task_name: str
    task_type: str
    track: str
    score: float
    parse_failure: bool


def scored_models(run: RunFolder) -> list[Model]:
    """Return the scored models in the order in which they were scored."""
    answers = {_predictions_digest(artifact): artifact for artifact in run.of_stage("infer")}
    evaluated = run.of_stage("evaluate")
    names = model_names([artifact.name for artifact in evaluated])
    return [
        Model(name, artifact, answers.get(_input(artifact, "predictions").get("sha256")))
        for name, artifact in zip(names, evaluated, strict=True)
    ]


def _input(artifact: Artifact, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = artifact.manifest.get("inputs", {}).get(name, {})
    return found


def _predictions_digest(artifact: Artifact) -> str | None:
    entry = artifact.manifest["outputs"].get(PREDICTIONS)
    return entry and str(entry["sha256"])


def read_entries(run: RunFolder, model: Model) -> list[Entry]:
    """Read the scores of a model's answers, in question order.

    Raises:
        ShoptuneError: scores.json is missing or malformed.
    """
    file = run.file(model.scores, SCORES)
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["per_question"]
        # earlier versions of scores.json have no hashes
        hashes = [str(entry.get("question", number)) for number, entry in enumerate(entries)]
        return [_entry(key, entry) for key, entry in zip(_counted(hashes), entries, strict=True)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise fail(file, "", f"is malformed: {error!r}", "run `shoptune evaluate` again with --force") from error


def _entry(key: Key, fields: Mapping[str, Any]) -> Entry:
    task, task_type, track = (str(fields[name]) for name in ("task_name", "task_type", "track"))
    return Entry(key, task, task_type, track, float(fields["score"]), bool(fields["parse_failure"]))


def read_predictions(run: RunFolder, model: Model) -> dict[Key, tuple[str, str]]:
    """Read the texts of the questions and the predictions; empty if the file was moved or has changed."""
    if model.answers:
        file: Path | None = run.file(model.answers, PREDICTIONS)
    else:
        file = recorded_input(run, model.scores, "predictions")
    return _by_key(file, lambda fields: (str(fields["input_field"]), str(fields["prediction"])))


def read_raw(run: RunFolder, model: Model) -> dict[Key, tuple[str, str]]:
    """Read the texts of the questions and the raw outputs that were kept; empty for artifacts of earlier versions."""
    if model.answers is None or not run.has(model.answers, RAW):
        return {}
    found = _by_key(run.file(model.answers, RAW), lambda fields: (str(fields["input_field"]), fields["raw"]))
    return {key: pair for key, pair in found.items() if pair[1] is not None}


def read_questions(run: RunFolder, model: Model) -> dict[Key, Question]:
    """Read the questions with their references; empty if the file was moved or has changed."""
    file = recorded_input(run, model.scores, "questions")
    try:
        questions = load_questions(file) if file else []
    except ShoptuneError:  # written for a plug-in that is not installed here
        return {}
    hashes = [question_id(question.input_field) for question in questions]
    return dict(zip(_counted(hashes), questions, strict=True))


def _by_key(
    file: Path | None, pair: Callable[[Mapping[str, Any]], tuple[str, ValueT]]
) -> dict[Key, tuple[str, ValueT]]:
    pairs = read_records(file, pair) if file else []
    return dict(zip(_counted(question_id(text) for text, _ in pairs), pairs, strict=True))


def _counted(hashes: Iterable[str]) -> Iterator[Key]:
    """Number the questions with the same text, as `report.collect.by_question` does."""
    seen: dict[str, int] = {}
    for value in hashes:
        seen[value] = seen.get(value, -1) + 1
        yield value, seen[value]
