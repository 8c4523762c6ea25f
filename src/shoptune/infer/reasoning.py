"""Reasoning before the answer: constrain the whole output, and find the answer in it (papers 002 and 003)."""

from __future__ import annotations

import re

from shoptune.infer.constraints.constraint import FREE, Constraint
from shoptune.infer.prompting import Reasoning
from shoptune.shopbench.allowed import OneOf
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_ANY_DIGIT = r"\d"


def reasoned(question: str, task_type: TaskType, reasoning: Reasoning, *, only_options: bool) -> Constraint:
    """The constraint on the reasoning and the answer together.

    Args:
        question: its text.
        task_type: as the system prompt states it.
        reasoning: has the pattern, if any.
        only_options: replace a digit at the end of the pattern by the options of a multiple-choice question.
    """
    pattern = reasoning.pattern
    if pattern is None:
        return FREE
    allowed = DEFINITIONS[task_type].allowed(question)
    if only_options and isinstance(allowed, OneOf) and pattern.endswith(_ANY_DIGIT):
        pattern = pattern.removesuffix(_ANY_DIGIT) + "[" + "".join(map(str, allowed.numbers)) + "]"
    return Constraint(pattern=pattern)


def conclusion(text: str, reasoning: Reasoning) -> str:
    """The answer in an output with reasoning: the last match of `answer`, or the whole output when nothing matches."""
    found = list(re.finditer(reasoning.answer, text))
    return (found[-1][1] or "") if found else text
