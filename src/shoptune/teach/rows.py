"""Turn replies into rows of the table, or into rejected answers with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.shopbench.provenance import PROVENANCE
from shoptune.teach.backend import Reply, Teacher
from shoptune.teach.check import apply_checks
from shoptune.teach.config import NUMBER, TeacherRecipe
from shoptune.teach.requests import Request
from shoptune.teach.schema import AnswerError, parse_answer

FAILED = "request failed"
_CUT_OFF = "longer than max_tokens"
_DIGITS = 16


@dataclass(frozen=True)
class Rejected:
    """An answer, or an element of one, that is not in the table.

    Attributes:
        key: the record's key.
        reason: why it was rejected.
        answer: what the teacher wrote: a text that could not be read, or the rejected row.
    """

    key: Mapping[str, Any]
    reason: str
    answer: Any = None


@dataclass(frozen=True)
class Outcome:
    """The rows and the rejected answers of one record."""

    rows: Sequence[Mapping[str, Any]]
    rejected: Sequence[Rejected]


class RowMaker:
    """Makes the rows of a recipe.

    Args:
        recipe: the recipe.
        teacher: the model that answered.
    """

    def __init__(self, recipe: TeacherRecipe, teacher: Teacher) -> None:
        self._recipe, self._teacher, self._version = recipe, teacher, recipe.prompt_version

    def outcome(self, request: Request, replies: Sequence[Reply]) -> Outcome:
        """Make the rows of one record.

        Args:
            request: the record and its prompts.
            replies: the replies, one per prompt.
        """
        key = {name: request.record[name] for name in self._recipe.key}
        if request.problem is not None:
            return Outcome([], [Rejected(key, request.problem)])
        rows: list[dict[str, Any]] = []
        rejected: list[Rejected] = []
        answers: list[tuple[dict[str, Any], Reply]] = []
        for reply in replies:
            try:
                answers += [(answer, reply) for answer in self._answers(reply)]
            except AnswerError as error:
                rejected.append(Rejected(key, str(error), reply.text or None))
        # All samples together, since some checks compare the rows of a record.
        checked = apply_checks(self._recipe.checks, [answer for answer, _ in answers], request.record)
        for (answer, reason), (_, reply) in zip(checked, answers, strict=True):
            if reason is not None:
                rejected.append(Rejected(key, reason, dict(answer)))
                continue
            number = {NUMBER: len(rows) + 1} if self._recipe.is_numbered else {}
            provenance = dict(zip(PROVENANCE, self._provenance(reply), strict=True))
            rows.append({**key, **number, **answer, **provenance})
        return Outcome(rows, rejected)

    def _provenance(self, reply: Reply) -> tuple[str, str, str]:
        return self._teacher.name, self._version, hashlib.sha256(reply.text.encode()).hexdigest()[:_DIGITS]

    def _answers(self, reply: Reply) -> list[dict[str, Any]]:
        """Return the columns of each row that a reply gives.

        Raises:
            AnswerError: the request failed, or the answer cannot be read.
        """
        if reply.failure is not None:
            raise AnswerError(f"{FAILED}: {reply.failure}")
        try:
            answer = parse_answer(reply.text, self._recipe.answer)
        except AnswerError as error:
            if not reply.is_complete:
                raise AnswerError(_CUT_OFF) from error
            raise
        each = self._recipe.each
        if each is None:
            return [self._complete(answer)]
        elements = answer.pop(each.field)
        return [self._complete(answer | ({each.column: item} if each.column else item)) for item in elements]

    def _complete(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns in order, with null for properties that are missing."""
        return {name: answer.get(name) for name in self._recipe.columns}
