"""Constrain an answer to what its question allows (paper 001, section 4.5), through vLLM's own parameters only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shoptune.config import Settings
from shoptune.shopbench.options import choices, listed_numbers
from shoptune.shopbench.vocabulary import TaskType

_RETRIEVED = 3
_MOST_ALTERNATIVES = 4000  # three of fifteen are 2730; past this a looser pattern, and the repair of repeats afterwards


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
    if task_type is TaskType.MULTIPLE_CHOICE and settings.multiple_choice:
        return _one_of(choices(question), tokens)
    numbers = listed_numbers(question)
    if task_type is TaskType.RETRIEVAL and settings.retrieval and numbers:
        return _arranged(numbers, min(_RETRIEVED, len(numbers)))
    if task_type is TaskType.RANKING and settings.ranking and numbers:
        return _arranged(numbers, len(numbers))
    if task_type is TaskType.NAMED_ENTITY_RECOGNITION and settings.entity_bias:
        favored = sorted({tokens.end, *tokens.encode(question)})  # the end too, or no answer would come to one
        return Constraint(logit_bias=dict.fromkeys(favored, settings.entity_bias))
    return FREE


def arrangements(numbers: Sequence[int], length: int) -> str:
    """A pattern for `length` different ones of the numbers, commas between, in any order."""
    if math.perm(len(numbers), length) <= _MOST_ALTERNATIVES:
        lines = (",".join(map(str, chosen)) for chosen in itertools.permutations(numbers, length))
        return "(" + "|".join(lines) + ")"
    any_number = "(" + "|".join(map(str, sorted(numbers, reverse=True))) + ")"
    return ",".join([any_number] * length)


def _arranged(numbers: Sequence[int], length: int) -> Constraint:
    longest = sorted(map(str, numbers), key=len, reverse=True)[:length]
    return Constraint(pattern=arrangements(numbers, length), longest=",".join(longest))


def _one_of(numbers: Sequence[int], tokens: Tokens) -> Constraint:
    encoded = [tokens.encode(str(number)) for number in numbers]
    if all(len(ids) == 1 for ids in encoded):
        return Constraint(token_ids=tuple(ids[0] for ids in encoded))
    return Constraint(pattern="(" + "|".join(map(str, numbers)) + ")", longest=max(map(str, numbers), key=len))
