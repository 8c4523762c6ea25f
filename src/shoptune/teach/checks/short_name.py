"""Short names, such as those of aspects: a few plain words in lower case."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shoptune.data.parsing.product_types import singular
from shoptune.teach.check import Answer, FieldCheck, Record
from shoptune.teach.checks._names import NONE, WORD, plain_name


class ShortName(FieldCheck):
    """Accept a name of a few plain words; it is written in lower case.

    Attributes:
        words: the most words.
        singular: whether the last word is written in the singular.
        refused: names that say nothing, such as `product`.
    """

    name: Literal["short_name"] = "short_name"
    words: Annotated[int, Field(ge=1)] = 3
    singular: bool = False
    refused: tuple[str, ...] = ()

    def normal(self, answer: Answer, record: Record) -> Answer:
        """Write the name in lower case, and in the singular where that is wanted."""
        text = plain_name(answer[self.field])
        return {**answer, self.field: singular(text) if self.singular and text else text}

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Reject long names, names with signs, and names that say nothing."""
        name = answer[self.field]
        words = name.split()
        if name in NONE or name in self.refused:
            return f"{self.field} names nothing"
        if len(words) > self.words:
            return f"{self.field} has more than {self.words} words"
        if not all(map(WORD.fullmatch, words)):
            return f"{self.field} is not a plain name"
        return None
