"""Constrain an answer to what its question allows (paper 001, section 4.5), through vLLM's own parameters only."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shoptune.config import Settings
from shoptune.shopbench.allowed import Arrangement, FromQuestion, OneOf
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_MOST_BEGINNINGS = 1000  # of all numbers but the last; past this a looser pattern, and the repair of repeats afterwards


class ConstraintSettings(Settings):
    """Which answers are constrained.

    Attributes:
        multiple_choice: one token, among the options that the question lists.
        retrieval: three different listed numbers.
        ranking: a permutation of the listed numbers.
        entity_bias: added to the logits of the question's own tokens when entities are extracted; 0 for none.
    """

    multiple_choice: bool = True
    retrieval: bool = True
    ranking: bool = True
    entity_bias: float = 2.0

    def holds_for(self, task_type: TaskType) -> bool:
        """Whether answers of a task type are constrained; those of added task types always are."""
        if task_type is TaskType.NAMED_ENTITY_RECOGNITION:
            return bool(self.entity_bias)
        return bool(getattr(self, task_type.name.lower(), True))


@dataclass(frozen=True)
class Constraint:
    """What a question allows; every part that is None leaves the answer free.

    Attributes:
        token_ids: the only tokens that may be written.
        pattern: a regular expression that the whole answer matches.
        longest: the longest text that the pattern matches.
        logit_bias: what is added to the logits of some tokens.
    """

    token_ids: tuple[int, ...] | None = None
    pattern: str | None = None
    longest: str | None = None
    logit_bias: Mapping[int, float] | None = None


FREE = Constraint()


class Tokens(Protocol):
    """What a constraint needs of a tokenizer."""

    @property
    def end(self) -> int:
        """The token that ends an answer."""

    def encode(self, text: str) -> Sequence[int]:
        """The token ids of a text, with none added around it."""


def constraint_for(question: str, task_type: TaskType, settings: ConstraintSettings, tokens: Tokens) -> Constraint:
    """The constraint on the answer to one question.

    Args:
        question: its text.
        task_type: as the system prompt tells it.
        settings: which kinds are constrained.
        tokens: the checkpoint's tokenizer.
    """
    if not settings.holds_for(task_type):
        return FREE
    match DEFINITIONS[task_type].allowed(question):
        case OneOf(numbers):
            return _one_of(numbers, tokens)
        case Arrangement(numbers, length):
            return _arranged(numbers, length)
        case FromQuestion() if settings.entity_bias:
            favored = sorted({tokens.end, *tokens.encode(question)})  # the end too, or no answer would come to one
            return Constraint(logit_bias=dict.fromkeys(favored, settings.entity_bias))
        case _:
            return FREE


@functools.lru_cache(maxsize=64)  # most lists count from 1 to a few different ends
def arrangements(numbers: tuple[int, ...], length: int) -> str:
    """A pattern for `length` different ones of the numbers, commas between, in any order.

    What follows a number is written once for all that begins with it, and digits are shared: three of fifteen take a
    quarter of the text that listing them takes, and a fifth of the time to compile. Too long a list gets a pattern that
    lets repeats through.
    """
    if math.perm(len(numbers), length - 1) <= _MOST_BEGINNINGS:
        return _different([str(number) for number in numbers], length)
    return ",".join([f"({_any_of([str(number) for number in numbers])})"] * length)


def _different(numbers: Sequence[str], length: int) -> str:
    if length == 1:
        return f"({_any_of(numbers)})"
    branches = (f"{first},{_different([n for n in numbers if n != first], length - 1)}" for first in numbers)
    return "(" + "|".join(branches) + ")"


def _any_of(texts: Sequence[str]) -> str:
    """A pattern for one of the texts of digits, without the parentheses around it: `[2-9]|1[0-5]?` and the like."""
    tails: dict[str, list[str]] = {}
    for text in filter(None, texts):
        tails.setdefault(text[0], []).append(text[1:])
    heads: dict[str, list[str]] = {}
    for head, rest in tails.items():
        ends = _any_of(rest)
        group = f"({ends})" if "|" in ends else ends
        heads.setdefault(f"({ends})?" if ends and "" in rest else group, []).append(head)
    return "|".join((head[0] if len(head) == 1 else f"[{''.join(head)}]") + tail for tail, head in heads.items())


def _arranged(numbers: Sequence[int], length: int) -> Constraint:
    longest = sorted(map(str, numbers), key=len, reverse=True)[:length]
    return Constraint(pattern=arrangements(tuple(numbers), length), longest=",".join(longest))


def _one_of(numbers: Sequence[int], tokens: Tokens) -> Constraint:
    encoded = [tokens.encode(str(number)) for number in numbers]
    if all(len(ids) == 1 for ids in encoded):
        return Constraint(token_ids=tuple(ids[0] for ids in encoded))
    return Constraint(pattern="(" + "|".join(map(str, numbers)) + ")", longest=max(map(str, numbers), key=len))
