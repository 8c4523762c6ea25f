"""Task types and constraints of questions by another team of the challenge, and of the benchmark's questions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.infer.constraints.constraint import FREE, Constraint
from shoptune.infer.constraints.settings import ConstraintSettings, constraint_for
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.vocabulary import TaskType

SETTINGS = ConstraintSettings()
NUMBERS = {TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL, TaskType.RANKING}


class Characters:
    """A tokenizer of single characters, as Qwen2's is for digits."""

    ends = (0,)

    def encode(self, text: str) -> Sequence[int]:
        return [ord(character) for character in text]


@dataclass(frozen=True)
class Asked:
    """A question with its right answer as a text, or several texts that are each right."""

    text: str
    task_type: TaskType
    right: Sequence[str]

    @property
    def guess(self) -> TaskType:
        return task_type_of(self.text, is_multiple_choice=self.task_type is TaskType.MULTIPLE_CHOICE)

    @property
    def constraint(self) -> Constraint:
        return constraint_for(self.text, self.task_type, SETTINGS, Characters())

    @property
    def admitted(self) -> bool:
        return any(_admits(self.constraint, text) for text in self.right)


def _admits(constraint: Constraint, text: str) -> bool:
    if constraint.token_ids is not None:
        return len(text) == 1 and ord(text) in constraint.token_ids
    return constraint.pattern is None or re.fullmatch(constraint.pattern, text) is not None


def _retrieved(numbers: Sequence[int]) -> list[str]:
    """Answers that hold as many of the right numbers as fit, filled up with others."""
    fill = [number for number in (1, 2, 3) if number not in numbers]
    return [",".join(map(str, [*numbers[:3], *fill][:size])) for size in (1, 2, 3)]


def _ecguide(folder: Path) -> list[Asked]:
    asked = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            task_type, answer = TaskType(row["task_type"]), row["output_field"]
            right = _retrieved(answer) if task_type is TaskType.RETRIEVAL else [str(answer)]
            asked.append(Asked(row["input_field"], task_type, right))
    return asked


def test_the_type_of_other_peoples_questions(ecguide: Path) -> None:
    asked = _ecguide(ecguide)
    wrong = [question for question in asked if question.guess is not question.task_type]
    assert len(asked) > 3000
    assert len(wrong) <= 0.02 * len(asked), [question.text for question in wrong[:5]]


def test_constraints_admit_the_right_answers_of_other_peoples_questions(ecguide: Path) -> None:
    asked = [question for question in _ecguide(ecguide) if question.task_type in NUMBERS]
    constrained = [question for question in asked if question.constraint != FREE]
    excluded = [question for question in constrained if not question.admitted]
    assert len(constrained) > 1000
    assert len(excluded) <= 0.001 * len(constrained), [(question.text, question.right) for question in excluded[:5]]


def test_the_task_types_of_the_benchmarks_questions_are_recognized(development: Path) -> None:
    questions = load_questions(development)
    assert len(questions) == 96
    for question in questions:
        assert task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice) is question.task_type
        right = [str(question.output_field)]
        if isinstance(question.output_field, list):
            numbers = [number for number in question.output_field if isinstance(number, int)]
            right = _retrieved(numbers)
        if question.task_type in {TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL}:
            assert Asked(question.input_field, question.task_type, right).admitted
