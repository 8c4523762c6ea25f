"""Regular expressions for different numbers of a list, in any order."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

_MOST_PREFIXES = 1000  # of all numbers but the last; longer lists get a looser pattern, and repair removes repeats


@functools.lru_cache(maxsize=64)  # most lists count from 1 to a few different ends
def arrangements(numbers: tuple[int, ...], length: int) -> str:
    """A pattern for `length` different ones of the numbers, separated by commas, in any order.

    Alternatives share prefixes and digits: three of fifteen numbers take a quarter of the text that listing them would,
    and a fifth of the time to compile. A list that is too long gets a pattern that allows repeats.
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
    """A pattern for one of several digit strings, without parentheses around it: `[2-9]|1[0-5]?` and the like."""
    tails: dict[str, list[str]] = {}
    for text in filter(None, texts):
        tails.setdefault(text[0], []).append(text[1:])
    heads: dict[str, list[str]] = {}
    for head, rest in tails.items():
        ends = _any_of(rest)
        group = f"({ends})" if "|" in ends else ends
        heads.setdefault(f"({ends})?" if ends and "" in rest else group, []).append(head)
    return "|".join((head[0] if len(head) == 1 else f"[{''.join(head)}]") + tail for tail, head in heads.items())
