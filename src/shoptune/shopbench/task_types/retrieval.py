"""Retrieval: the numbers of up to three listed items."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, Anything, Arrangement
from shoptune.shopbench.options import listing
from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of, join_numbers
from shoptune.shopbench.task_types._item_numbers import mentioned, read_numbers
from shoptune.shopbench.vocabulary import Metric

RETRIEVED = 3
LISTED = 15  # items, unless a recipe says otherwise
# Words for taking some of a list, and for writing a text about one.
CHOOSING = re.compile(
    r"""\b(?:select|choose|pick|retrieve|indicate|identify|find|which|list\ (?:the|all|their)|name|match)\b
    | \b(?:numbers?|ind(?:ex|ices|exes)|numbered\ list|three|comma)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WRITING = re.compile(
    r"\b(?:write|generate|translate|summari[sz]e|describe|explain|compose|paraphrase|rewrite|elaborate|create)\b",
    re.IGNORECASE,
)
_KEYPHRASE = re.compile(r"\bkey[- ]?phrase\b", re.IGNORECASE)
_OF_A_LIST = re.compile(r"\b(?:lists?|numbers?|numbered|ind(?:ex|ices|exes)|options|candidates|items)\b", re.IGNORECASE)


class Retrieval(Definition):
    """The benchmark reads the first three numbers and keeps repeats."""

    metrics: ClassVar = frozenset({Metric.HIT_RATE_3})
    precedence: ClassVar = 20
    max_tokens: ClassVar = 10
    numbers_items: ClassVar = True

    def parse(self, text: str) -> Parsed:
        """Item numbers, three at the most."""
        return read_numbers(text)[:RETRIEVED]

    def is_reference(self, value: Any) -> bool:
        """Item numbers, one at least."""
        return is_list_of(value, int)

    def answer_text(self, reference: Any) -> str:
        """Item numbers, with commas between."""
        return join_numbers(reference)

    def recognizes(self, wording: Wording) -> bool:
        """A question with a list, unless it asks for a ranking or a text about the list."""
        text = wording.instruction
        if wording.items <= 1 or (_KEYPHRASE.search(text) and not _OF_A_LIST.search(text)):
            return False  # a review may hold a list of its own
        return not _WRITING.search(text) or CHOOSING.search(text) is not None

    def allowed(self, question: str) -> Allowed:
        """Three different listed numbers, or as many as there are."""
        numbers = listing(question).admissible
        return Arrangement(numbers, min(RETRIEVED, len(numbers))) if numbers else Anything()

    def repair(self, text: str, question: str, default_choice: int) -> str:
        """The first three listed numbers that the prediction mentions, each once."""
        found = mentioned(text, listing(question).admissible)
        return join_numbers(found[:RETRIEVED]) if found else text


DEFINITION = Retrieval()
