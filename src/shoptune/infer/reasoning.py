"""Reasoning before the answer: constrain the whole output and extract the answer from it (papers 002 and 003)."""

from __future__ import annotations

import re

from shoptune.infer.constraints.constraint import FREE, Constraint
from shoptune.infer.prompting import Reasoning
from shoptune.shopbench.allowed import OneOf
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

_ANY_DIGIT = r"\d"


def reasoned(question: str, task_type: TaskType, reasoning: Reasoning, *, only_options: bool) -> Constraint:
    r"""Return the constraint on the reasoning and the answer together.

    Args:
        question: the question's text.
        task_type: the task type stated in the system prompt.
        reasoning: the settings, with the pattern for the whole output, if any.
        only_options: for a multiple-choice question, replace a trailing `\d` of the pattern by the listed options.
    """
    pattern = reasoning.pattern
    if pattern is None:
        return FREE
    allowed = DEFINITIONS[task_type].allowed(question)
    if only_options and isinstance(allowed, OneOf) and pattern.endswith(_ANY_DIGIT):
        pattern = pattern.removesuffix(_ANY_DIGIT) + "[" + "".join(map(str, allowed.numbers)) + "]"
    return Constraint(pattern=pattern)


def conclusion(text: str, reasoning: Reasoning) -> str:
    """Extract the answer from an output with reasoning: the last match of `answer`, or the whole output without one."""
    found = list(re.finditer(reasoning.answer, text))
    return (found[-1][1] or "") if found else text
