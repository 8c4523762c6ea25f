"""Constrain a ranking to permutations of the listed numbers."""

from __future__ import annotations

from shoptune.infer.constraints.allowed import constraint_to
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.RANKING, default=True)
def ranking(question: str, tokens: Tokens, _: bool) -> Constraint | None:
    """Allow only permutations of the listed numbers."""
    return constraint_to(DEFINITIONS[TaskType.RANKING].allowed(question), question, tokens)
