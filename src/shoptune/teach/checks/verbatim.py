"""Texts that are quoted from the record: each occurs in it word for word."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from shoptune.teach.check import Answer, Check, Record


class Verbatim(Check):
    """Reject answers whose texts do not occur in a column of the record; case and spacing are ignored.

    Attributes:
        field: the column of the answer: a text, or a list of texts.
        within: the column of the record: a text, or a list of texts.
    """

    name: Literal["verbatim"] = "verbatim"
    field: str
    within: str

    @property
    def answer_fields(self) -> Sequence[str]:
        """The quoted texts."""
        return (self.field,)

    @property
    def record_columns(self) -> Sequence[str]:
        """The text that they are quoted from."""
        return (self.within,)

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Reject an empty text, and one that does not occur."""
        source = "\n".join(map(_normal, _texts(record[self.within])))
        for text in map(_normal, _texts(answer[self.field])):
            if not text:
                return f"{self.field} is empty"
            if text not in source:
                return f"{self.field} does not occur in {self.within}"
        return None


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(text) for text in value] if isinstance(value, (list, tuple)) else [str(value)]


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
