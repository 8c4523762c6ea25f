"""A retrieval answer is three different listed numbers."""

from __future__ import annotations

from shoptune.infer.constraints.arrangement import arrangement
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.options import listed_numbers
from shoptune.shopbench.vocabulary import TaskType

_RETRIEVED = 3


@constraint(TaskType.RETRIEVAL, default=True)
def retrieval(question: str, tokens: Tokens, _: bool) -> Constraint | None:  # noqa: ARG001
    """Three different listed numbers, in any order."""
    numbers = listed_numbers(question)
    return arrangement(numbers, min(_RETRIEVED, len(numbers))) if numbers else None
