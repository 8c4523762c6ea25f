"""Turn the set of answers that a task type allows into a constraint on tokens."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.infer.constraints.arrangement import arrangements
from shoptune.infer.constraints.constraint import Constraint, Tokens
from shoptune.shopbench.allowed import Allowed, Arrangement, FromQuestion, OneOf

DEFAULT_BIAS = 2.0


def constraint_to(allowed: Allowed, question: str, tokens: Tokens, bias: float = DEFAULT_BIAS) -> Constraint | None:
    """Return the constraint to the allowed answers, or None if every answer is allowed.

    Args:
        allowed: the answers that the question's task type allows.
        question: the question's text.
        tokens: the checkpoint's tokenizer.
        bias: the value added to the logits of favored tokens.
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
    if not tokens.ends:  # if only other tokens were favored, answers would continue up to the length limit
        return None
    # vLLM limits the number of entries, so the most useful ones come first: the end tokens, then the question's tokens
    # from last to first, since the text that entities are copied from follows the instruction.
    favored = dict.fromkeys([*tokens.ends, *reversed(tokens.encode(question))])
    return Constraint(logit_bias=dict.fromkeys(favored, bias))
