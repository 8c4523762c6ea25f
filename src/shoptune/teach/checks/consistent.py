"""Scores of a judge that agree with the judge's own answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shoptune.shopbench.parsers import is_failure, parse
from shoptune.shopbench.vocabulary import TaskType
from shoptune.teach.check import Answer, Check, Record

_RIGHT, _WRONG = 4, 2  # scores from which an answer counts as right, and up to which as wrong
_EXACT = {TaskType.MULTIPLE_CHOICE, TaskType.NAMED_ENTITY_RECOGNITION, TaskType.RETRIEVAL}


class Consistent(Check):
    """Reject a judgement that contradicts itself.

    A judge that would give the same answer cannot call it wrong. Where one answer is right, it cannot give another one
    and call both right.

    Attributes:
        own: the column of the answer with how the judge answers the question.
        score: the column of the answer with the correctness, from 1 to 5.
        task_type: the column of the record with the task type.
        given: the column of the record with the judged answer.
    """

    name: Literal["consistent"] = "consistent"
    own: str
    score: str
    task_type: str
    given: str

    @property
    def answer_fields(self) -> Sequence[str]:
        """The judge's own answer, and its score of the given one."""
        return (self.own, self.score)

    @property
    def record_columns(self) -> Sequence[str]:
        """The question's task type, and the given answer."""
        return (self.task_type, self.given)

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Compare the two answers as the benchmark reads them."""
        kind = TaskType(record[self.task_type])
        own, given = (_read(kind, str(text)) for text in (answer[self.own], record[self.given]))
        if own is None:
            return f"{self.own} is not in the form of an answer" if kind in _EXACT else None
        if own == given and answer[self.score] <= _WRONG:
            return f"{self.score} is low, but {self.own} is the same"
        if kind is TaskType.MULTIPLE_CHOICE and own != given and answer[self.score] > _RIGHT:
            return f"{self.score} is high, but {self.own} is another"
        return None


def _read(kind: TaskType, text: str) -> object:
    """Read an answer as the benchmark does, without the order of what has none; None if nothing can be read."""
    parsed = parse(kind, text)
    if is_failure(kind, parsed):
        return None
    if isinstance(parsed, list) and kind in _EXACT:
        return frozenset(str(each).casefold() for each in parsed)
    return tuple(parsed) if isinstance(parsed, list) else " ".join(str(parsed).casefold().split())
