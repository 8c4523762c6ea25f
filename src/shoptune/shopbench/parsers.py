"""Parsers of predictions, version 0.1.1 of the challenge's starter kit.

They behave exactly as the benchmark's, quirks included; each is in its task type's file.
"""

from __future__ import annotations

from shoptune.shopbench.task_types import DEFINITIONS, Parsed
from shoptune.shopbench.vocabulary import TaskType

VERSION = "0.1.1"
MAX_CHARACTERS = 5000


def parse(task_type: TaskType, text: str) -> Parsed:
    """Parse a prediction; never raises, for any text.

    Returns:
        multiple-choice: the option's number, or -1; ranking and retrieval: item numbers, perhaps none; named entity
        recognition: the entities; generation: the text without the white space around it.
    """
    text = text[:MAX_CHARACTERS].encode(errors="replace").decode()  # halves of surrogate pairs break some metrics
    return DEFINITIONS[task_type].parse(text)


def is_failure(task_type: TaskType, parsed: Parsed) -> bool:
    """Whether nothing could be parsed, so that the question scores 0."""
    return DEFINITIONS[task_type].is_failure(parsed)
