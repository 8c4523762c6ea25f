"""The answers that a question allows, independent of the tokenizer."""

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
    """`length` different numbers in any order, separated by commas."""

    numbers: tuple[int, ...]
    length: int


@dataclass(frozen=True)
class FromQuestion:
    """Any text, most likely in words of the question."""


Allowed = Anything | OneOf | Arrangement | FromQuestion
