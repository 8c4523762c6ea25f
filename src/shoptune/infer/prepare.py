"""From a question to what the engine is asked: its prompt, and what its answer may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.infer.constraints import Constraint, Tokens, constraint_for
from shoptune.infer.profile import Profile
from shoptune.infer.repair import repair
from shoptune.shopbench.chat import chat, render
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.vocabulary import TaskType


@dataclass(frozen=True)
class Prepared:
    """One question, ready to be answered.

    Attributes:
        question: its text.
        task_type: guessed from the text, as at the challenge.
        prompt: the rendered chat.
        constraint: what the answer may be.
        max_tokens: how long the answer may be.
    """

    question: str
    task_type: TaskType
    prompt: str
    constraint: Constraint
    max_tokens: int

    def finish(self, text: str, profile: Profile) -> str:
        """The prediction to hand in, from what the model wrote."""
        return repair(text, self.question, self.task_type, profile.default_choice) if profile.repair else text


def prepare(question: str, profile: Profile, checkpoint: Path, tokens: Tokens, *, is_multiple_choice: bool) -> Prepared:
    """Render a question and find its constraint.

    Args:
        question: its text.
        profile: which constraints hold, and how long answers may be.
        checkpoint: its chat template renders the prompt.
        tokens: its tokenizer.
        is_multiple_choice: as the challenge tells it.
    """
    task_type = task_type_of(question, is_multiple_choice=is_multiple_choice)
    constraint = constraint_for(question, task_type, profile.constraints, tokens)
    limit = profile.max_tokens.of(task_type)
    if constraint.longest:  # else the engine would cut a long list off
        limit = max(limit, len(tokens.encode(constraint.longest)) + 1)
    return Prepared(question, task_type, render(chat(question, task_type), checkpoint), constraint, limit)


def cache_friendly_order(questions: Sequence[tuple[str, bool]]) -> list[int]:
    """The order in which questions share the longest beginnings with those before them: by task type, then by text."""
    keys = [(task_type_of(text, is_multiple_choice=choice).value, text) for text, choice in questions]
    return sorted(range(len(questions)), key=lambda number: (keys[number], number))
