"""Explanations of concepts: a sentence or two that begin with the concept and define it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from shoptune.data.parsing.product_types import singular
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._names import NONE, plain_name

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_FEWEST_WORDS = 6
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_MOST_SENTENCES = 2
# Words of a definition, near its beginning.
_DEFINES = re.compile(
    r"\b(?:is|are|refers? to|means?|describes?|consists? of|covers?|protects?|holds?|keeps?|lets?|allows?|provides?)\b"
)
_ADVERTISES = re.compile(
    r"""\b(?:you|your|yours|we|our|us|i|my|buy|shop\ now|order\ now|best-selling|perfect\ gift|affordable|must-have)\b
    | https?:|www\.|[$\u20ac\u00a3]\s?\d | \b(?:these|the\ above|listed)\ (?:products|titles|examples)\b""",
    re.IGNORECASE | re.VERBOSE,
)


class Explanation(FieldCheck):
    """Accept a definition of one or two sentences that names the concept first; `none` becomes null.

    Attributes:
        of: the column of the record with the concept.
        words: the most words.
    """

    name: Literal["explanation"] = "explanation"
    of: str
    words: Annotated[int, Field(ge=1)] = 70

    @property
    def record_columns(self) -> Sequence[str]:
        """The concept."""
        return (self.of,)

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Write none as null, and single blanks."""
        text = " ".join(str(answer[self.field] or "").split())
        return {**answer, self.field: None if plain_name(text) in NONE else text}

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Reject fragments, advertisements, circular definitions, and texts about something else."""
        text = answer[self.field]
        if text is None:
            return None
        words = _WORD.findall(text)
        if not _FEWEST_WORDS <= len(words) <= self.words:
            return f"{self.field} is too short or too long"
        if not text.endswith((".", ".)")) or len(_SENTENCE_END.findall(text)) > _MOST_SENTENCES:
            return f"{self.field} is not one or two sentences"
        if _ADVERTISES.search(text):
            return f"{self.field} addresses the reader or advertises"
        return self._reason_of_definition(text, str(record[self.of]))

    def _reason_of_definition(self, text: str, concept: str) -> str | None:
        defines = _DEFINES.search(text)
        before, after = (text[: defines.start()], text[defines.end() :]) if defines else ("", "")
        head = singular(plain_name(concept)).split()[-1]
        if not any(singular(word) == head for word in plain_name(before).replace("-", " ").split()):
            return f"{self.field} does not begin with the concept"
        own = {singular(word) for word in plain_name(concept).split()} | {
            "a",
            "an",
            "the",
            "kind",
            "type",
            "of",
            "product",
        }
        said = {singular(word) for word in plain_name(after).replace(",", " ").split()}
        return f"{self.field} is circular" if len(said - own) < _FEWEST_WORDS - 2 else None
