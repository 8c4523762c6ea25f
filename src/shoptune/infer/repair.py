"""Repair the format of an answer before it is submitted (paper 000, section 4.5; paper 002, section 2.5)."""

from __future__ import annotations

import re

from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_LABEL = re.compile(r"^\s*(?:answer|output|result|response|prediction)\s*:\s*", re.IGNORECASE)


def repair(text: str, question: str, task_type: TaskType, default_choice: int) -> str:
    """Return the answer in the format that the benchmark's parser expects, without changing its meaning.

    Removes a leading "Answer:" and numbers that are repeated or not listed. Reduces a choice to its number, or to the
    default if it names no option. Completes a ranking with the missing numbers, in the order of the list.

    Args:
        text: the model's output.
        question: the question's text.
        task_type: the task type stated in the system prompt.
        default_choice: the option to submit if a multiple-choice answer names none.
    """
    return DEFINITIONS[task_type].repair(_LABEL.sub("", text).strip(), question, default_choice)
