"""Guess a question's task type from its text: at the challenge only `is_multiple_choice` is given."""

from __future__ import annotations

import re

from shoptune.shopbench.task_types import DEFINITIONS, Wording
from shoptune.shopbench.vocabulary import TaskType

# A numbered item, whether '1. x', '1.x', '1) x' or '1: x'.
_LIST_ITEM = re.compile(r"^\s*\d+\s*[.):].*$", re.MULTILINE)
_BY_PRECEDENCE = sorted(DEFINITIONS, key=lambda task_type: DEFINITIONS[task_type].precedence)


def task_type_of(text: str, *, is_multiple_choice: bool) -> TaskType:
    """The task type that a question most likely has; generation when nothing else recognizes it.

    The instruction decides, not the listed items: a product title may hold any word.
    """
    if is_multiple_choice:
        return TaskType.MULTIPLE_CHOICE
    wording = Wording(*_LIST_ITEM.subn("", text))
    recognizing = (task_type for task_type in _BY_PRECEDENCE if DEFINITIONS[task_type].recognizes(wording))
    return next(recognizing, TaskType.GENERATION)
