"""Guess a question's task type from its text: at the challenge only `is_multiple_choice` is given."""

from __future__ import annotations

import re

from shoptune.shopbench.options import LIST_ITEM, listing
from shoptune.shopbench.task_types import DEFINITIONS, Wording
from shoptune.shopbench.vocabulary import TaskType

_BY_PRECEDENCE = sorted(DEFINITIONS, key=lambda task_type: DEFINITIONS[task_type].precedence)
# What a question is about, after its label. A review may have more lines, up to the next label.
_ABOUT = re.compile(
    r"""^[ \t]*(?:(?:customer|user|search|product|item)[ ])?
    (?: (?:query|queries|text|title|description|comment|input|product|product\ details|name|keywords?|sentence)
        [ \t]*\d?[ \t]*:.*
      | reviews?[ \t]*\d?[ \t]*:.*(?:\n(?![ \t]*[^\W\d_][\w ]{0,30}:).*)* )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_ASKS_FOR_ITEMS = re.compile(
    r"\b(?:numbers|numbered|ind(?:ex|ices|exes)|select|choose|pick|rank|which of)\b", re.IGNORECASE
)


def task_type_of(text: str, *, is_multiple_choice: bool) -> TaskType:
    """The task type that a question most likely has; generation when nothing else recognizes it.

    The instruction decides, not the listed items: a product title may hold any word.
    """
    if is_multiple_choice:
        return TaskType.MULTIPLE_CHOICE
    wording = wording_of(text)
    recognizing = (task_type for task_type in _BY_PRECEDENCE if DEFINITIONS[task_type].recognizes(wording))
    return next(recognizing, TaskType.GENERATION)


def lists_options(text: str) -> bool:
    """Whether a question that does not say so is most likely multiple-choice.

    The benchmark's options are numbered from 0, and the items to retrieve or to rank from 1.
    """
    if task_type_of(text, is_multiple_choice=False) not in {TaskType.RETRIEVAL, TaskType.GENERATION}:
        return False
    numbers = listing(text, bare=False).numbers
    return len(numbers) > 1 and numbers[0] == 0


def wording_of(text: str) -> Wording:
    """Return the request in a question, without its lists and its subject."""
    unlisted, items = LIST_ITEM.subn("", text)
    if items <= 1 and _ASKS_FOR_ITEMS.search(text):  # the list may be within a line
        items = max(items, len(listing(text, bare=False).numbers))
    return Wording(_ABOUT.sub("", unlisted), unlisted, items)
