"""No two rows of one record that say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._names import plain_name


class Distinct(FieldCheck):
    """Reject a row whose text an earlier row of the same record has, in any case and spacing."""

    name: Literal["distinct"] = "distinct"

    def reason(self, answer: Answer, record: Record) -> str | None:
        """A row alone repeats nothing."""
        return None

    def reasons(self, answers: Sequence[Answer], record: Record) -> list[str | None]:
        """Reject all but the first row of each text."""
        seen: set[str] = set()
        found: list[str | None] = []
        for answer in answers:
            text = plain_name(answer[self.field])
            found.append(f"{self.field} is repeated" if text in seen else None)
            seen.add(text)
        return found
