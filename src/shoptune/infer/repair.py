"""Repair an answer's format (papers 000, section 4.5, and 002, section 2.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shoptune.shopbench.options import choices, listed_numbers
from shoptune.shopbench.vocabulary import TaskType

_LABEL = re.compile(r"^\s*(?:answer|output|result|response|prediction)\s*:\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_RETRIEVED = 3


def repair(text: str, question: str, task_type: TaskType, default_choice: int) -> str:
    """The answer in the format that the benchmark's parser reads, with the same content.

    Removes a leading "Answer:", and repeated and unlisted numbers. Reduces a choice to its number, or to the default
    when it names no option. Completes a ranking with the missing numbers, in listed order.

    Args:
        text: what the model wrote.
        question: what it was asked.
        task_type: as the system prompt stated it.
        default_choice: the prediction for a multiple-choice answer that names no option.
    """
    text = _LABEL.sub("", text).strip()
    if task_type is TaskType.MULTIPLE_CHOICE:
        return _choice(text, choices(question), default_choice)
    if task_type is TaskType.RANKING:
        return _ranking(text, listed_numbers(question))
    if task_type is TaskType.RETRIEVAL:
        return _retrieval(text, listed_numbers(question))
    return text


def _choice(text: str, numbers: Sequence[int], default: int) -> str:
    for found in _NUMBER.findall(text):
        if int(found) in numbers:
            return str(int(found))
    return str(default if default in numbers else numbers[0])


def _ranking(text: str, numbers: Sequence[int]) -> str:
    if not numbers:
        return text
    ranked = _listed(text, numbers)
    return ",".join(map(str, [*ranked, *(number for number in numbers if number not in ranked)]))


def _retrieval(text: str, numbers: Sequence[int]) -> str:
    found = _listed(text, numbers)
    return ",".join(map(str, found[:_RETRIEVED])) if found else text


def _listed(text: str, numbers: Sequence[int]) -> list[int]:
    """The listed numbers in a text, each once, in the order of the text."""
    return [number for number in dict.fromkeys(map(int, _NUMBER.findall(text))) if number in numbers]
