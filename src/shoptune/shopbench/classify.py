"""Guess a question's task type from its text: at the challenge only `is_multiple_choice` is told."""

from __future__ import annotations

import re

from shoptune.shopbench.vocabulary import TaskType

# A numbered item, whether '1. x', '1.x', '1) x' or '1: x'.
_LIST_ITEM = re.compile(r"^\s*\d+\s*[.):].*$", re.MULTILINE)
# Words for putting all of a list in order; "ordered" is left out, since customers order products.
_END = r"(?:the\ )?(?:most|best|highest|least|worst|lowest)\b"
_RANKING = re.compile(
    rf"""\bpermutation\b | \bre-?rank | \brank(?:s|ed|ing)?\b | \bre-?order\b | \bsort(?:s|ed|ing)?\b
    | \barrang(?:e|ed|ing)\b | \bprioriti[sz]e | \border\ (?:the|these|them|all)\b
    | \bin\ (?:\w+\ )?order\ of\b | \b(?:de|a)scending\b | \b(?:de|in)creasing\ order\b
    | \bfrom\ {_END}.{{1,60}}\bto\ {_END} | \b(?:most|best|highest)\b[\w\ ]{{0,30}}\bfirst\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ENTITIES = re.compile(
    r"\bentit(?:y|ies)\b|\bnamed[- ]entity\b|\b(?:phrases?|spans?|words) (?:from|in|of) the (?:query|text|title)\b",
    re.IGNORECASE,
)


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
