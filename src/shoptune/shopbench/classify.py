"""Guess a question's task type from its text: at the challenge only `is_multiple_choice` is told."""

from __future__ import annotations

import re

from shoptune.shopbench.vocabulary import TaskType

# A numbered item, whether '1. x', '1.x', '1) x' or '1: x'.
_LIST_ITEM = re.compile(r"^\s*\d+\s*[.):].*$", re.MULTILINE)
_RANKING = re.compile(
    r"\bpermutation\b|\bre-?rank|\brank(?:s|ed|ing)?\b|\bsort(?:ed|ing)?\b|\border (?:the|these)\b", re.IGNORECASE
)
_ENTITIES = re.compile(r"\bentit(?:y|ies)\b|\bphrases? from the (?:query|text|title)\b", re.IGNORECASE)


def task_type_of(text: str, *, is_multiple_choice: bool) -> TaskType:
    """The task type that a question most likely has; generation when nothing tells otherwise.

    The instruction decides, not the listed items: a product title may hold any word.
    """
    if is_multiple_choice:
        return TaskType.MULTIPLE_CHOICE
    instruction, list_items = _LIST_ITEM.subn("", text)
    if list_items > 1:
        return TaskType.RANKING if _RANKING.search(instruction) else TaskType.RETRIEVAL
    if _ENTITIES.search(instruction):
        return TaskType.NAMED_ENTITY_RECOGNITION
    return TaskType.GENERATION
