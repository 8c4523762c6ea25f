"""Retrieval: the numbers of up to three listed items."""

from __future__ import annotations

from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, Anything, Arrangement
from shoptune.shopbench.options import listed_numbers
from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of, join_numbers
from shoptune.shopbench.task_types._item_numbers import mentioned, read_numbers
from shoptune.shopbench.vocabulary import Metric

RETRIEVED = 3
LISTED = 15  # items, unless a recipe says otherwise


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
        """Any question with a list, unless it wants a ranking."""
        return wording.items > 1

    def allowed(self, question: str) -> Allowed:
        """Three different listed numbers, or as many as there are."""
        numbers = tuple(listed_numbers(question))
        return Arrangement(numbers, min(RETRIEVED, len(numbers))) if numbers else Anything()

    def repair(self, text: str, question: str, default_choice: int) -> str:
        """The first three listed numbers that the prediction mentions, each once."""
        found = mentioned(text, listed_numbers(question))
        return join_numbers(found[:RETRIEVED]) if found else text


DEFINITION = Retrieval()
