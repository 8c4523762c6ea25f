"""Reference answers as text: what adapters are trained to write."""

from __future__ import annotations

from shoptune.shopbench.task_types import DEFINITIONS, Reference
from shoptune.shopbench.vocabulary import TaskType


def answer_text(task_type: TaskType, reference: Reference) -> str:
    """Write a reference answer in the form that the benchmark's parser reads back.

    Returns:
        multiple-choice: the option's number; retrieval: item numbers, separated by commas; ranking: all item numbers,
        highest gain first and ties in listed order; named entity recognition: the entities, separated by ", ";
        generation: the text (the first, when there are several references).
    """
    return DEFINITIONS[task_type].answer_text(reference)
