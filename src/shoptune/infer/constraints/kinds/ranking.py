"""A ranking is a permutation of the listed numbers."""

from __future__ import annotations

from shoptune.infer.constraints.arrangement import arrangement
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.options import listed_numbers
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.RANKING, default=True)
def ranking(question: str, tokens: Tokens, _: bool) -> Constraint | None:  # noqa: ARG001
    """A permutation of the listed numbers."""
    numbers = listed_numbers(question)
    return arrangement(numbers, len(numbers)) if numbers else None
