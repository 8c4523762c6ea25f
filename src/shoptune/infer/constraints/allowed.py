"""From what a task type allows as an answer to a constraint on tokens."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.infer.constraints.arrangement import arrangements
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.shopbench.allowed import Allowed, Arrangement, FromQuestion, OneOf

DEFAULT_BIAS = 2.0


def constraint_to(allowed: Allowed, question: str, tokens: Tokens, bias: float = DEFAULT_BIAS) -> Constraint | None:
    """The constraint to what a task type allows; None when it allows anything.

    Args:
        allowed: what the task type says of the question.
        question: its text.
        tokens: the checkpoint's tokenizer.
        bias: added to the logits of favored tokens.
    """
    match allowed:
        case OneOf(numbers):
            return _one_of(numbers, tokens)
        case Arrangement(numbers, length):
            longest = sorted(map(str, numbers), key=len, reverse=True)[:length]
            return Constraint(pattern=arrangements(numbers, length), longest=",".join(longest))
        case FromQuestion():
            return _favored(question, tokens, bias)
        case _:
            return None


def _one_of(numbers: Sequence[int], tokens: Tokens) -> Constraint:
    encoded = [tokens.encode(str(number)) for number in numbers]
    if all(len(ids) == 1 for ids in encoded):
        return Constraint(token_ids=tuple(ids[0] for ids in encoded))
    return Constraint(pattern="(" + "|".join(map(str, numbers)) + ")", longest=max(map(str, numbers), key=len))


def _favored(question: str, tokens: Tokens, bias: float) -> Constraint | None:
    if not tokens.ends:  # without them the answer would run on to its length limit
        return None
    # vLLM limits the number of entries: the end first, then from the question's last token backwards, since the text
    # that entities are copied from follows the instruction.
    favored = dict.fromkeys([*tokens.ends, *reversed(tokens.encode(question))])
    return Constraint(logit_bias=dict.fromkeys(favored, bias))
