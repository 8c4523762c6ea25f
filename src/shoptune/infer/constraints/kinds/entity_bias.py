"""Favor the question's own tokens when entities are extracted, since entities are copied from the question."""

from __future__ import annotations

from shoptune.infer.constraints.allowed import constraint_to
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.NAMED_ENTITY_RECOGNITION, default=2.0)
def entity_bias(question: str, tokens: Tokens, bias: float) -> Constraint | None:
    """Value added to the logits of the question's own tokens and of the tokens that end an answer; 0 disables it."""
    allowed = DEFINITIONS[TaskType.NAMED_ENTITY_RECOGNITION].allowed(question)
    return constraint_to(allowed, question, tokens, bias)
