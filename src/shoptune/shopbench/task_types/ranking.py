"""Ranking: the numbers of five listed items, the best first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, Anything, Arrangement
from shoptune.shopbench.options import listed_numbers, listing
from shoptune.shopbench.task_types._definition import Definition, Parsed, Wording, is_list_of, join_numbers
from shoptune.shopbench.task_types._item_numbers import mentioned, read_numbers
from shoptune.shopbench.task_types.retrieval import CHOOSING
from shoptune.shopbench.vocabulary import Metric

RANKED = 5
# Words for putting all of a list in order; "ordered" is left out, since customers order products.
_END = r"(?:the\ )?(?:most|best|highest|least|worst|lowest)\b"
_RANKING = re.compile(
    rf"""\bpermutation\b | \bre-?rank | \brank(?:s|ed|ing|ings)?\b | \bre-?order(?:ed|ing)?\b
    | \bsort(?:s|ed)?\b(?!\ of) | \bsorting\ (?:the|these|them|all)\b | \barrang(?:e|ed|ing)\b | \bprioriti[sz]e
    | \border\ (?:the|these|them|all)\b
    | \bin\ (?:\w+\ )?order\ of\b | \b(?:de|a)scending\b | \b(?:de|in)creasing\ order\b
    | \border\ of\ (?:the|these|all)\b
    | \b(?:from\ )?{_END}.{{1,60}}\bto\ {_END} | \b(?:most|best|highest)\b[\w\ ]{{0,30}}\bfirst\b
    | \b(?:permutaci[oó]n|permutazione|ordena|clasifica|ordina|classifica|classez|ordne|sortiere)\b | 並べ""",
    re.IGNORECASE | re.VERBOSE,
)


class Ranking(Definition):
    """The benchmark drops numbers above five, and reads nothing when a number repeats."""

    metrics: ClassVar = frozenset({Metric.NDCG})
    precedence: ClassVar = 10
    max_tokens: ClassVar = 15
    numbers_items: ClassVar = True

    def parse(self, text: str) -> Parsed:
        """Item numbers, five at the most and all different; else none."""
        ranked = [number for number in read_numbers(text) if number <= RANKED][:RANKED]
        return ranked if len(ranked) == len(set(ranked)) else []

    def is_reference(self, value: Any) -> bool:
        """The gain of every listed item."""
        return is_list_of(value, (int, float))

    def answer_text(self, reference: Any) -> str:
        """All item numbers, the highest gain first and ties in listed order."""
        gains: Sequence[float] = reference
        return join_numbers([item + 1 for item in sorted(range(len(gains)), key=lambda item: -gains[item])])

    def recognizes(self, wording: Wording) -> bool:
        """A question with a list and a word for putting it in order."""
        if wording.items <= 1:
            return False
        if _RANKING.search(wording.instruction):
            return True
        return not CHOOSING.search(wording.instruction) and _RANKING.search(wording.unlisted) is not None

    def allowed(self, question: str) -> Allowed:
        """A permutation of the listed numbers."""
        found = listing(question)
        return Arrangement(found.admissible, len(found.numbers)) if found.numbers else Anything()

    def repair(self, text: str, question: str, default_choice: int) -> str:
        """The listed numbers that the prediction mentions, completed with the others in listed order."""
        numbers = listed_numbers(question)
        if not numbers:
            return text
        ranked = mentioned(text, numbers)
        return join_numbers([*ranked, *(number for number in numbers if number not in ranked)])


DEFINITION = Ranking()
