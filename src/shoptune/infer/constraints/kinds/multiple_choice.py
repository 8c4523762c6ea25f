"""Constrain a multiple-choice answer to the question's options."""

from __future__ import annotations

from shoptune.infer.constraints.allowed import constraint_to
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.MULTIPLE_CHOICE, default=True)
def multiple_choice(question: str, tokens: Tokens, _: bool) -> Constraint | None:
    """Allow one token only: the number of one of the options that the question lists."""
    return constraint_to(DEFINITIONS[TaskType.MULTIPLE_CHOICE].allowed(question), question, tokens)
