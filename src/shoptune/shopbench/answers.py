"""The text a perfect model would write for a reference answer: what adapters are trained to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from shoptune.shopbench.questions import Reference
from shoptune.shopbench.vocabulary import TaskType


def answer_text(task_type: TaskType, reference: Reference) -> str:
    """Write a reference answer in the form that the benchmark's parser reads back.

    Returns:
        multiple-choice: the option's number; retrieval: item numbers, commas between; ranking: all item numbers,
        highest gain first and ties in listed order; named entity recognition: the entities, comma and space between;
        generation: the text (the first, when there are several references).
    """
    if task_type is TaskType.RANKING:
        gains = cast("Sequence[float]", reference)
        order = sorted(range(len(gains)), key=lambda item: -gains[item])
        return ",".join(str(item + 1) for item in order)
    if task_type is TaskType.RETRIEVAL:
        return ",".join(map(str, cast("Sequence[int]", reference)))
    if task_type is TaskType.NAMED_ENTITY_RECOGNITION:
        return ", ".join(cast("Sequence[str]", reference))
    if isinstance(reference, list):
        return str(reference[0])
    return str(reference)
