"""Entities are copied from the question, so its own tokens are favored."""

from __future__ import annotations

from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.infer.constraints.kind import constraint
from shoptune.shopbench.vocabulary import TaskType


@constraint(TaskType.NAMED_ENTITY_RECOGNITION, default=2.0)
def entity_bias(question: str, tokens: Tokens, bias: float) -> Constraint | None:
    """Added to the logits of the question's own tokens and of the tokens that end an answer."""
    if not tokens.ends:  # without them the answer would run on to its length limit
        return None
    # vLLM limits the number of entries: the end first, then from the question's last token backwards, since the text
    # that entities are copied from follows the instruction.
    favored = dict.fromkeys([*tokens.ends, *reversed(tokens.encode(question))])
    return Constraint(logit_bias=dict.fromkeys(favored, bias))
