"""What the answer to a question may be, before it becomes a constraint on tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Anything:
    """Any text."""


@dataclass(frozen=True)
class OneOf:
    """One of the numbers, and nothing else."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Arrangement:
    """`length` different ones of the numbers in any order, with commas between."""

    numbers: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class FromQuestion:
    """Any text, most likely in words of the question."""


Allowed = Anything | OneOf | Arrangement | FromQuestion
