"""Reasoning whose own conclusion is the reference answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from pydantic import field_validator

from shoptune.infer.prompting import Reasoning
from shoptune.infer.reasoning import conclusion
from shoptune.shopbench.parsers import is_failure, parse
from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.check import Answer, FieldCheck, Record


class ReachesReference(FieldCheck):
    """Keep reasoning only if the answer that it ends with is the reference.

    The answer is found as at inference, by `shoptune.infer.reasoning` (paper 002, section 2.5).

    Attributes:
        field: the column of the answer: reasoning and conclusion.
        answer: a regular expression whose first group is the conclusion; the last match counts.
        reference: the column of the record with the text of the reference answer.
        task_type: how both are read.
    """

    name: Literal["reaches_reference"] = "reaches_reference"
    answer: str
    reference: str
    task_type: TaskType = TaskType.MULTIPLE_CHOICE

    @field_validator("answer")
    @classmethod
    def _is_an_expression_with_a_group(cls, value: str) -> str:
        return Reasoning(instruction="", answer=value).answer

    @property
    def record_columns(self) -> Sequence[str]:
        """The reference."""
        return (self.reference,)

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Compare the conclusion with the reference."""
        text = answer[self.field]
        found = list(re.finditer(self.answer, text))
        if not found:
            return f"{self.field} has no conclusion"
        if len(found) > 1 or found[0].end() != len(text.rstrip()):
            return f"{self.field} does not end with its conclusion"
        if not text[: found[0].start()].strip():
            return f"{self.field} gives no reasons"
        concluded = parse(self.task_type, conclusion(text, Reasoning(instruction="", answer=self.answer)))
        if is_failure(self.task_type, concluded) or concluded != parse(self.task_type, str(record[self.reference])):
            return f"{self.field} concludes another answer"
        return None
