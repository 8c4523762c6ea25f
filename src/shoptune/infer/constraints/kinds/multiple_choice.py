"""A multiple-choice answer is one of the question's options."""

from __future__ import annotations

from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.options import choices
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.MULTIPLE_CHOICE, default=True)
def multiple_choice(question: str, tokens: Tokens, _: bool) -> Constraint:
    """One token, among the options that the question lists."""
    numbers = choices(question)
    encoded = [tokens.encode(str(number)) for number in numbers]
    if all(len(ids) == 1 for ids in encoded):
        return Constraint(token_ids=tuple(ids[0] for ids in encoded))
    return Constraint(pattern="(" + "|".join(map(str, numbers)) + ")", longest=max(map(str, numbers), key=len))
