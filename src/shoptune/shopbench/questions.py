"""Questions in the benchmark's development format: a text, its kind, and the reference where it is scored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from shoptune.errors import fail, nearest
from shoptune.shopbench.classify import lists_options, task_type_of
from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.question_files import read_records
from shoptune.shopbench.task_types import DEFINITIONS, Reference
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

WordT = TypeVar("WordT", TaskType, Metric, Track)
QuestionT = TypeVar("QuestionT")

_TRUE, _FALSE = {True, "true", "1", "yes"}, {False, "false", "0", "no", None}


@dataclass(frozen=True)
class Asked:
    """A question without its reference: all that the model needs.

    Attributes:
        input_field: what the model is asked.
        task_type: as the file says, or guessed from the text.
        is_multiple_choice: whether the answer is the number of a listed option.
    """

    input_field: str
    task_type: TaskType
    is_multiple_choice: bool

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Asked:
        """The question of a record; only `input_field` is required.

        Raises:
            ValueError: the record is not a question; the message says why.
        """
        text = fields.get("input_field")
        if not isinstance(text, str) or not text.strip():
            what = "'input_field' is not a string" if "input_field" in fields else "lacks 'input_field'"
            raise ValueError(what)
        if fields.get("task_type") is not None:
            task_type = _member(TaskType, "task_type", fields["task_type"])
            is_choice = _flag(fields.get("is_multiple_choice", task_type is TaskType.MULTIPLE_CHOICE))
            return cls(text, task_type, is_choice)
        is_choice = _flag(fields["is_multiple_choice"]) if "is_multiple_choice" in fields else lists_options(text)
        return cls(text, task_type_of(text, is_multiple_choice=is_choice), is_choice)


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
        return cls.from_fields(json.loads(line))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Question:
        """The question of a record.

        `task_type` and `is_multiple_choice` are guessed when they are missing, `metric` is not needed where the task
        type has one only, and a question without a track belongs to the track of all questions.

        Raises:
            ValueError: the record is not a question with its reference; the message says why.
        """
        if not isinstance(fields, Mapping):
            raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
        if "task_type" not in fields and "is_multiple_choice" not in fields and _is_number(fields.get("output_field")):
            fields = {**fields, "is_multiple_choice": True}
        asked = Asked.from_fields(fields)
        task_type = asked.task_type
        if fields.get("output_field") is None:
            raise ValueError("lacks 'output_field', the reference that answers are scored against")
        track = fields.get("track")
        return cls(
            input_field=asked.input_field,
            output_field=_reference(task_type, fields["output_field"]),
            task_type=task_type,
            task_name=str(fields.get("task_name") or task_type.value),
            metric=_metric(task_type, fields.get("metric")),
            is_multiple_choice=asked.is_multiple_choice,
            track=Track.ALL_AROUND if track is None else _member(Track, "track", track),
        )


def load_questions(path: Path) -> list[Question]:
    """Read questions with their references: JSON lines as in the development file, a JSON array, or CSV.

    Raises:
        ShoptuneError: the file is missing or empty, or has records that are not such questions; all are reported.
    """
    return _load(path, Question.from_fields)


def load_asked(path: Path) -> list[Asked]:
    """Read questions to be answered, in the formats of `load_questions`; each needs `input_field` only.

    Raises:
        ShoptuneError: the file is missing or empty, or has records that are not questions; all are reported.
    """
    return _load(path, Asked.from_fields)


def _load(path: Path, build: Callable[[Mapping[str, Any]], QuestionT]) -> list[QuestionT]:
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "no such file"
        raise fail(path, "", what, "choose a file of questions in ShopBench's development format")
    questions = read_records(path, build)
    if not questions:
        raise fail(path, "", "contains no questions", "choose a file of JSON lines")
    return questions


def write_questions(path: Path, questions: Iterable[Question]) -> None:
    """Write questions as a development file."""
    path.write_text("".join(question.to_json() + "\n" for question in questions), encoding="utf-8")


def _member(words: type[WordT], name: str, value: Any) -> WordT:
    try:
        return words(value)
    except ValueError:
        raise ValueError(f"{name} '{value}' is unknown ({nearest(str(value), words)})") from None


def _metric(task_type: TaskType, value: Any) -> Metric:
    fitting = METRICS_OF[task_type]
    if value is None:
        if len(fitting) > 1:
            raise ValueError(f"lacks 'metric' (for a question of type '{task_type}': {', '.join(sorted(fitting))})")
        return next(iter(fitting))
    metric = _member(Metric, "metric", value)
    if metric not in fitting:
        raise ValueError(f"metric '{metric}' does not fit a question of type '{task_type}'")
    return metric


def _is_number(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdecimal())


def _flag(value: Any) -> bool:
    word = value.strip().casefold() if isinstance(value, str) else value
    if isinstance(word, bool | int | str | None) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError(f"'is_multiple_choice' {value!r} is neither true nor false")


def _reference(task_type: TaskType, value: Any) -> Reference:
    """A reference; where it is not a text, it may be written as JSON in one: "1", "[1, 4]", or "1, 4"."""
    definition, written = DEFINITIONS[task_type], value
    if isinstance(value, str) and definition.is_json:
        for text in (written, f"[{written}]"):
            with suppress(ValueError):
                value = json.loads(text)
                if definition.is_reference(value):
                    break
    if not definition.is_reference(value):
        raise ValueError(f"'output_field' {written!r} is not an answer to a question of type '{task_type}'")
    reference: Reference = value
    return reference
