"""Building blocks for questions of every track: options, numbered lists, and the positions of right answers."""

from __future__ import annotations

import random

# The question's text and its reference.
Asked = tuple[str, object]


def options(rng: random.Random, right: list[str], pool: list[str], size: int = 4) -> list[str]:
    """The right options and others drawn from a pool, mixed."""
    listed = right + rng.sample(pool, size - len(right))
    rng.shuffle(listed)
    return listed


def choice(stem: str, listed: list[str], right: str) -> Asked:
    """A question with its options numbered from 0, and the right one's number."""
    lines = "\n".join(f"{number}. {option}" for number, option in enumerate(listed))
    return f"{stem}\n{lines}\nAnswer: ", listed.index(right)


def numbered(items: list[str], gap: str = " ") -> str:
    """A list with its items numbered from 1, one per line."""
    return "\n".join(f"{number}.{gap}{item}" for number, item in enumerate(items, start=1))


def places(listed: list[str], right: list[str]) -> list[int]:
    """The numbers, from 1, of the right items in a list."""
    return sorted(listed.index(item) + 1 for item in right)
