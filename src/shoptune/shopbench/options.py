"""The numbers that a question offers to choose from."""

from __future__ import annotations

import re

_LIST_ITEM = re.compile(r"^\s*(\d{1,3})\s*[.):]", re.MULTILINE)
_LARGEST_CHOICE = 9  # the benchmark reads one digit
_SCALE = re.compile(r"\b(?:scale of|from|between) (\d)(?: \([^)]*\))?(?: ?-| to| and) ?(\d)\b", re.IGNORECASE)


def listed_numbers(text: str) -> list[int]:
    """The numbers of the question's list, in order; empty when it has none.

    A list counts up by one from 0 or 1. A product title or a review may hold numbered lines of its own; the longest
    list is the question's, and of equally long ones the last.
    """
    runs: list[list[int]] = []
    for match in _LIST_ITEM.finditer(text):
        number = int(match[1])
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        elif number in {0, 1}:
            runs.append([number])
    longest = max((len(run) for run in runs), default=0)
    return next((run for run in reversed(runs) if len(run) == longest), []) if longest > 1 else []


def choices(text: str) -> list[int]:
    """The numbers that may answer a multiple-choice question: its options', its scale's, else every digit."""
    if numbers := [number for number in listed_numbers(text) if number <= _LARGEST_CHOICE]:
        return numbers
    if scale := _SCALE.search(text):
        first, last = sorted((int(scale[1]), int(scale[2])))
        return list(range(first, last + 1))
    return list(range(10))
