"""A few-shot example: a question and the answer to show with it."""

from __future__ import annotations

from dataclasses import dataclass

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType


@dataclass(frozen=True)
class FewShotExample:
    """A question and the answer to show with it."""

    question: str
    task_type: TaskType
    answer: str

    @classmethod
    def of(cls, question: Question) -> FewShotExample:
        """Make an example of a question and its reference answer."""
        return cls(question.input_field, question.task_type, answer_text(question.task_type, question.output_field))
