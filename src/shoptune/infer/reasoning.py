"""Thinking before answering: what the whole output may be, and where the answer stands in it (papers 002 and 003)."""

from __future__ import annotations

import re

from shoptune.infer.constraints import FREE, Constraint
from shoptune.infer.prompting import Reasoning
from shoptune.shopbench.allowed import OneOf
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_ANY_DIGIT = r"\d"


def reasoned(question: str, task_type: TaskType, reasoning: Reasoning, *, only_options: bool) -> Constraint:
    """The constraint on thought and answer together.

    Args:
        question: its text.
        task_type: as the system prompt tells it.
        reasoning: its pattern is the constraint.
        only_options: where the pattern of a multiple-choice question ends with a digit, it must be a listed option.
    """
    pattern = reasoning.pattern
    if pattern is None:
        return FREE
    allowed = DEFINITIONS[task_type].allowed(question)
    if only_options and isinstance(allowed, OneOf) and pattern.endswith(_ANY_DIGIT):
        pattern = pattern.removesuffix(_ANY_DIGIT) + "[" + "".join(map(str, allowed.numbers)) + "]"
    return Constraint(pattern=pattern)


def conclusion(text: str, reasoning: Reasoning) -> str:
    """The answer in an output that holds a thought too: the last one, or the whole output where none is found."""
    found = list(re.finditer(reasoning.answer, text))
    return (found[-1][1] or "") if found else text
