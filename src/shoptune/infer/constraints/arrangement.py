"""Regular expressions for selections of distinct numbers, in any order."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

# The most ordered selections of all but the last number. Beyond it, the pattern allows repeats; repair removes them.
_MOST_PREFIXES = 1000


@functools.lru_cache(maxsize=64)  # most lists count from 1 to one of a few lengths
def arrangements(numbers: tuple[int, ...], length: int) -> str:
    """Return a pattern for `length` distinct numbers from the list, separated by commas, in any order.

    Alternatives share prefixes and digits: for three of fifteen numbers, the pattern is a quarter as long as a plain
    enumeration and compiles in a fifth of the time. For lists that are too long, the pattern allows repeats.
    """
    if math.perm(len(numbers), length - 1) <= _MOST_PREFIXES:
        return _different([str(number) for number in numbers], length)
    return ",".join([f"({_any_of([str(number) for number in numbers])})"] * length)


def _different(numbers: Sequence[str], length: int) -> str:
    if length == 1:
        return f"({_any_of(numbers)})"
    branches = (f"{first},{_different([n for n in numbers if n != first], length - 1)}" for first in numbers)
    return "(" + "|".join(branches) + ")"


def _any_of(texts: Sequence[str]) -> str:
    """Return a pattern for one of several digit strings, without enclosing parentheses, such as `[2-9]|1[0-5]?`."""
    tails: dict[str, list[str]] = {}
    for text in filter(None, texts):
        tails.setdefault(text[0], []).append(text[1:])
    heads: dict[str, list[str]] = {}
    for head, rest in tails.items():
        ends = _any_of(rest)
        group = f"({ends})" if "|" in ends else ends
        heads.setdefault(f"({ends})?" if ends and "" in rest else group, []).append(head)
    return "|".join((head[0] if len(head) == 1 else f"[{''.join(head)}]") + tail for tail, head in heads.items())
