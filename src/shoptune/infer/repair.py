"""Correct an answer's form before it is handed in (papers 000, section 4.5, and 002, section 2.5)."""

from __future__ import annotations

import re

from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_LABEL = re.compile(r"^\s*(?:answer|output|result|response|prediction)\s*:\s*", re.IGNORECASE)


def repair(text: str, question: str, task_type: TaskType, default_choice: int) -> str:
    """The answer in the form that the benchmark's parser reads, with the same meaning.

    Removes a leading "Answer:", and repeated and unlisted numbers. Reduces a choice to its number, or to the default
    when it names no option. Completes a ranking with the missing numbers, in listed order.

    Args:
        text: what the model wrote.
        question: what it was asked.
        task_type: as in the system prompt.
        default_choice: the option to hand in when a multiple-choice answer names none.
    """
    return DEFINITIONS[task_type].repair(_LABEL.sub("", text).strip(), question, default_choice)
