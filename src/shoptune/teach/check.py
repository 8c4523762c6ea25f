"""The interface of checks: settings, a normal form of answers, and a function that says why one is rejected."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from shoptune.config import Settings

Record = Mapping[str, Any]  # one row of a recipe's query, by column
Answer = Mapping[str, Any]  # the columns that an answer adds to the table


class Check(Settings):
    """Base class for the settings of a check; a subclass in `shoptune.teach.checks` names itself in `name`.

    Attributes:
        name: the name of the check.
        version: increased when the check starts to reject other answers; a part of the prompt version.
    """

    name: str
    version: ClassVar[int] = 1

    @property
    def answer_fields(self) -> Sequence[str]:
        """The columns of the answer that the check reads."""
        return ()

    @property
    def record_columns(self) -> Sequence[str]:
        """The columns of the record that the check reads."""
        return ()

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Return an answer in the form in which it is checked and stored, such as a name in lower case.

        Args:
            answer: as for `reason`.
            record: as for `reason`.
        """
        return answer

    @abstractmethod
    def reason(self, answer: Answer, record: Record) -> str | None:
        """Return why an answer is rejected, in a few words without any of its text, or None if it is accepted.

        Args:
            answer: one row of the table without key and provenance; with `each`, one element of the list.
            record: the record that the prompt was about, before personal data was removed.
        """

    def reasons(self, answers: Sequence[Answer], record: Record) -> list[str | None]:
        """Return the reason for each row made from one record.

        Override it to compare the rows, for example to reject near-duplicates.

        Args:
            answers: the rows that earlier checks have accepted.
            record: the record that the prompt was about.
        """
        return [self.reason(answer, record) for answer in answers]


class FieldCheck(Check):
    """Base class for checks of one column of the answer.

    Attributes:
        field: the column of the answer.
    """

    field: str

    @property
    def answer_fields(self) -> Sequence[str]:
        """The column."""
        return (self.field,)


def apply_checks(checks: Sequence[Check], answers: Sequence[Answer], record: Record) -> list[tuple[Answer, str | None]]:
    """Apply checks one after the other, each to the answers that the earlier ones have accepted.

    Returns:
        Each answer, in normal form, with None or the name of a check and its reason, in the order of `answers`.
    """
    results: list[tuple[Answer, str | None]] = [(answer, None) for answer in answers]
    for check in checks:
        places = [place for place, (_, reason) in enumerate(results) if reason is None]
        normal = [check.normal(results[place][0], record) for place in places]
        for place, answer, reason in zip(places, normal, check.reasons(normal, record), strict=True):
            results[place] = (answer, reason and f"{check.name}: {reason}")
    return results
