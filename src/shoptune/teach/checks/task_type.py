"""Phrasings whose questions are recognized as questions of their task type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._phrasings import questions


class RecognizedTaskType(FieldCheck):
    """Reject phrasings whose questions cannot be made, or would be taken for another task type at inference."""

    name: Literal["task_type"] = "task_type"

    @property
    def record_columns(self) -> Sequence[str]:
        """The task, and records to try the phrasing on."""
        return ("recipe", "language", "samples")

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Classify a question made from each sample record."""
        made = questions(answer[self.field], record)
        if not made:
            return f"{self.field} makes no question of the sample records"
        for question in made:
            # At the challenge, questions say only whether they are multiple-choice.
            is_choice = question.task_type is TaskType.MULTIPLE_CHOICE
            if task_type_of(question.input_field, is_multiple_choice=is_choice) is not question.task_type:
                return f"{self.field} reads as another task type"
        return None
