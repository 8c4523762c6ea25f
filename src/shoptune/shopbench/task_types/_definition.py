"""The definition of a task type: each file of this package has one subclass and one object of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from shoptune.shopbench.allowed import Allowed, Anything
from shoptune.shopbench.vocabulary import Metric

Parsed = int | str | list[int] | list[str]
Reference = int | str | list[int] | list[float] | list[str]


@dataclass(frozen=True)
class Wording:
    """The parts of a question that reveal its task type.

    Attributes:
        instruction: the text without its listed items and without what it is about ("Review: ...").
        unlisted: the text without its listed items, where an instruction that comes last may be hidden.
        items: the number of listed items.
    """

    instruction: str
    unlisted: str
    items: int


class Definition(ABC):
    """The behaviour of one task type.

    Attributes:
        metrics: the metrics that can score an answer. A metric may also name the task type, see `metrics/`.
        precedence: the order in which task types are asked whether they recognize a question, lowest first.
        max_tokens: the most tokens an answer has by default (paper 000, section 4.4).
        numbers_items: the answer holds numbers of items that we list ourselves, so that it can always be read back.
        is_text: the answer is free text, so that near-duplicates are dropped only if their answers are equal.
        is_json: rows hold the reference as JSON, not as it is.
    """

    metrics: ClassVar[frozenset[Metric]] = frozenset()
    precedence: ClassVar[int]
    max_tokens: ClassVar[int]
    numbers_items: ClassVar[bool] = False
    is_text: ClassVar[bool] = False
    is_json: ClassVar[bool] = True

    @abstractmethod
    def parse(self, text: str) -> Parsed:
        """Parse a prediction as the benchmark does; never raises."""

    @abstractmethod
    def is_reference(self, value: Any) -> bool:
        """Whether a value can be the reference answer of a question."""

    @abstractmethod
    def answer_text(self, reference: Any) -> str:
        """Write a reference in the form that `parse` reads back: what adapters are trained to say."""

    def is_failure(self, parsed: Parsed) -> bool:
        """Whether nothing could be read from a prediction."""
        return not parsed

    def recognizes(self, wording: Wording) -> bool:
        """Whether a question that is not marked as multiple-choice is of this type."""
        return False

    def allowed(self, question: str) -> Allowed:
        """Return the answers that a question allows."""
        return Anything()

    def repair(self, text: str, question: str, default_choice: int) -> str:
        """A prediction in the form that `parse` reads, with the same meaning.

        Args:
            text: the prediction, without white space and labels around it.
            question: what was asked.
            default_choice: the number to answer with when a number is needed and the prediction has none.
        """
        return text


def is_list_of(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value is a list that is not empty and whose items are all of one type."""
    return isinstance(value, list) and bool(value) and all(isinstance(entry, kind) for entry in value)


def join_numbers(numbers: Sequence[int]) -> str:
    """Numbers separated by commas, as in answers."""
    return ",".join(map(str, numbers))
