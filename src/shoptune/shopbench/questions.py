"""Questions in the benchmark's development format: JSON lines with the reference answer beside each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.task_types import DEFINITIONS, Reference
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

WordT = TypeVar("WordT", TaskType, Metric, Track)

_FIELDS = ("input_field", "output_field", "task_type", "task_name", "metric", "is_multiple_choice", "track")
_PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class Question:
    """One question; the field names are the benchmark's.

    Attributes:
        input_field: what the model is asked.
        output_field: the reference: an option's number (multiple-choice), item numbers (retrieval), the gain of every
            listed item (ranking), entities (named entity recognition), or a text (generation).
    """

    input_field: str
    output_field: Reference
    task_type: TaskType
    task_name: str
    metric: Metric
    is_multiple_choice: bool
    track: Track

    def to_json(self) -> str:
        """The question as one line of a development file."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Question:
        """The question of one line of a development file.

        Raises:
            ValueError: the line is not a question; the message says why.
        """
        fields = json.loads(line)
        if not isinstance(fields, dict):
            raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
        if missing := [name for name in _FIELDS if name not in fields]:
            raise ValueError(f"lacks '{missing[0]}'")
        task_type = _member(TaskType, "task_type", fields["task_type"])
        metric = _member(Metric, "metric", fields["metric"])
        if metric not in METRICS_OF[task_type]:
            raise ValueError(f"metric '{metric}' does not fit a question of type '{task_type}'")
        if not isinstance(fields["input_field"], str):
            raise ValueError("'input_field' is not a string")  # noqa: TRY004
        return cls(
            input_field=fields["input_field"],
            output_field=_reference(task_type, fields["output_field"]),
            task_type=task_type,
            task_name=str(fields["task_name"]),
            metric=metric,
            is_multiple_choice=bool(fields["is_multiple_choice"]),
            track=_member(Track, "track", fields["track"]),
        )


def load_questions(path: Path) -> list[Question]:
    """Read a development file.

    Raises:
        ShoptuneError: the file is missing or empty, or lines are malformed; all are reported together.
    """
    if not path.is_file():
        raise fail(path, "", "no such file", "name a file of questions in ShopBench's development format")
    questions, problems = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.strip():
            try:
                questions.append(Question.from_json(line))
            except ValueError as error:
                problems.append(Problem(path, f"line {number}", str(error), "correct the line"))
    if problems:
        raise ShoptuneError(problems[:_PROBLEMS_SHOWN])
    if not questions:
        raise fail(path, "", "holds no question", "name a file of JSON lines")
    return questions


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions as a development file."""
    path.write_text("".join(question.to_json() + "\n" for question in questions), encoding="utf-8")


def _member(words: type[WordT], name: str, value: Any) -> WordT:
    try:
        return words(value)
    except ValueError:
        raise ValueError(f"{name} '{value}' is unknown ({nearest(str(value), words)})") from None


def _reference(task_type: TaskType, value: Any) -> Reference:
    if not DEFINITIONS[task_type].is_reference(value):
        raise ValueError(f"'output_field' {value!r} is not an answer to a question of type '{task_type}'")
    reference: Reference = value
    return reference
