"""Read Shopping MMLU, the released benchmark behind the challenge, into the development format.

Its `data.zip` holds `skills/<skill>.json`, JSON lines with all questions of a skill, and the same questions task by
task, in `multiple_choice/<task>_dataset.csv` and others. The skills are the challenge's first four tracks.
"""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shoptune.errors import Problem, fail
from shoptune.shopbench.options import listed_numbers
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType, Track

_TRACKS = {  # by a part of the skill's file name
    "concept": Track.CONCEPTS,
    "reason": Track.REASONING,
    "behavior": Track.BEHAVIOR,
    "lingual": Track.MULTILINGUAL,
}
_TYPES = {task_type.name.lower(): task_type for task_type in TaskType} | {"ner": TaskType.NAMED_ENTITY_RECOGNITION}
_CHOICES = 4


def read_shopping_mmlu(folder: Path) -> tuple[list[Question], list[Problem]]:
    """Read all questions, in the order of the files' names and lines.

    Returns:
        The questions, and what is wrong with the data: lines that are left out because they are not questions, and
        questions that are kept although they repeat an earlier one or do not list four options.

    Raises:
        ShoptuneError: there is no skill file, a skill's name is unknown, or no line holds a question.
    """
    files = sorted((folder / "skills").glob("*.json"))
    if not files:
        raise fail(folder, "skills", "there is no skills/*.json", "unzip data.zip of Shopping MMLU and name its folder")
    questions: list[Question] = []
    odd: list[Problem] = []
    first_places: dict[tuple[str, str], str] = {}
    for file in files:
        track = _track(file)
        for where, line in _lines(file):
            try:
                question = _question(line, track)
            except ValueError as error:
                odd.append(Problem(file, where, str(error), "left out"))
                continue
            questions.append(question)
            earlier = first_places.setdefault((question.task_name, question.input_field), f"{file.name} {where}")
            if earlier != f"{file.name} {where}":
                odd.append(Problem(file, where, f"repeats the question of {earlier}", "kept"))
            elif wrong := _options_problem(question):
                odd.append(Problem(file, where, wrong, "kept"))
    if not questions:
        raise fail(folder / "skills", "", "no line holds a question", "check that these are Shopping MMLU's files")
    return questions, odd + _odd_tables(folder / "multiple_choice")


def _track(file: Path) -> Track:
    for name, track in _TRACKS.items():
        if name in file.stem.lower():
            return track
    raise fail(file, "", "the file's name contains no skill", f"name it after one: {', '.join(_TRACKS)}")


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    """The lines that are not empty, each with its place."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(file, f"byte {error.start}", "is not UTF-8", "convert the file to UTF-8") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"line {number}", line


def _question(line: str, track: Track) -> Question:
    """The question of a line.

    Raises:
        ValueError: there is none; the message says why.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for a bad line
    kind = str(fields.get("task_type", "")).strip().lower().replace("-", "_").replace(" ", "_")
    task_type = _TYPES.get(kind)
    if task_type is None:
        raise ValueError(f"task_type '{fields.get('task_type')}' is unknown")
    fields |= {
        "task_type": task_type.value,
        "metric": str(fields.get("metric", "")).strip().lower(),
        "output_field": _reference(task_type, fields.get("output_field")),
        "is_multiple_choice": task_type is TaskType.MULTIPLE_CHOICE,
        "track": track.value,
    }
    return Question.from_json(json.dumps(fields))


def _reference(task_type: TaskType, value: Any) -> Any:
    """A reference with its type, which the file may hold as printed text: "3", "[1, 4]", "['red']"."""
    if isinstance(value, str) and task_type is not TaskType.GENERATION:
        try:
            return ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            return value
    if isinstance(value, float) and task_type is TaskType.MULTIPLE_CHOICE and value.is_integer():
        return int(value)
    return value


def _options_problem(question: Question) -> str | None:
    """Return the problem of a multiple-choice question's options, if any; ratings have no list."""
    numbers = listed_numbers(question.input_field)
    if question.task_type is not TaskType.MULTIPLE_CHOICE or not numbers:
        return None
    if len(numbers) != _CHOICES:
        return f"lists {len(numbers)} options, not {_CHOICES}"
    if question.output_field not in numbers:
        return f"the answer {question.output_field} is not among the options"
    return None


def _odd_tables(folder: Path) -> list[Problem]:
    """Return the problems in the multiple-choice tables of single tasks, whose options are lists."""
    odd = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as text:
            for number, row in enumerate(csv.DictReader(text), start=1):
                if wrong := _choices_problem(row.get("choices") or ""):
                    odd.append(Problem(file, f"row {number}", wrong, "the questions are taken from skills/"))
    return odd


def _choices_problem(printed: str) -> str | None:
    if not printed.strip():  # a rating
        return None
    try:
        choices = ast.literal_eval(printed)
    except (ValueError, SyntaxError):
        return "choices are not a list"
    if not isinstance(choices, list):
        return "choices are not a list"
    return f"has {len(choices)} choices, not {_CHOICES}" if len(choices) != _CHOICES else None
