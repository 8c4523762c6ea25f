"""Constrain a retrieval answer to three distinct listed numbers."""

from __future__ import annotations

from shoptune.infer.constraints.allowed import constraint_to
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.RETRIEVAL, default=True)
def retrieval(question: str, tokens: Tokens, _: bool) -> Constraint | None:
    """Allow only three distinct listed numbers, in any order."""
    return constraint_to(DEFINITIONS[TaskType.RETRIEVAL].allowed(question), question, tokens)
