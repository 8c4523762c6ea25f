"""Texts that are quoted from the record: each occurs in it word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from shoptune.teach.check import Answer, FieldCheck, Record

# Signs that a teacher may write in another way.
_KINDS_OF_SIGNS = ("'\u2018\u2019`\u00b4", '"\u201c\u201d\u201e', "-\u2010\u2011\u2013\u2014")
_SAME_SIGNS = {sign: f"[{re.escape(signs)}]" for signs in _KINDS_OF_SIGNS for sign in signs}
_BLANKS = r"[^\S\n]+"  # a phrase does not continue in the next paragraph
_AROUND = " \t\n.,;:!?\"'\u2018\u2019\u201c\u201d()"


class Verbatim(FieldCheck):
    """Reject answers whose texts do not occur in a column of the record.

    Case, spacing and the form of quotes and dashes are ignored. A text is stored in the record's own characters,
    without the signs around it.

    Attributes:
        field: the column of the answer: a text, or a list of texts.
        within: the column of the record: a text, or a list of texts.
        words: the most words of a text; null sets no limit.
    """

    name: Literal["verbatim"] = "verbatim"
    within: str
    words: Annotated[int, Field(ge=1)] | None = None

    @property
    def record_columns(self) -> Sequence[str]:
        """The text that they are quoted from."""
        return (self.within,)

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Write each text as it occurs in the record; one that does not occur stays as it is."""
        value, source = answer[self.field], "\n".join(_texts(record[self.within]))
        if isinstance(value, (list, tuple)):
            return {**answer, self.field: [_found(str(text), source) or text for text in value]}
        return {**answer, self.field: _found(str(value or ""), source) or value}

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Reject an empty text, a long one, and one that does not occur."""
        source = "\n".join(_texts(record[self.within]))
        for text in _texts(answer[self.field]):
            if not text.strip(_AROUND):
                return f"{self.field} is empty"
            if text != _found(text, source):
                return f"{self.field} does not occur in {self.within}"
            if self.words is not None and len(text.split()) > self.words:
                return f"{self.field} has more than {self.words} words"
        return None


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(text) for text in value] if isinstance(value, (list, tuple)) else [str(value)]


def _found(text: str, source: str) -> str | None:
    """Return a text as it first occurs in another, as whole words, or None."""
    words = text.strip(_AROUND).split()
    pattern = _BLANKS.join("".join(_SAME_SIGNS.get(sign, re.escape(sign)) for sign in word) for word in words)
    before, after = (r"(?<![^\W_])" if text.strip(_AROUND)[:1].isalnum() else ""), r"(?![^\W_])"
    match = re.search(before + pattern + after, source, re.IGNORECASE) if words else None
    return match[0] if match else None
