"""What goes into the engine and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import Asked, Question
from shoptune.shopbench.vocabulary import TaskType


@dataclass(frozen=True)
class Prompt:
    """A question as the challenge poses it.

    Attributes:
        text: the question.
        is_multiple_choice: whether the answer is the number of a listed option; all that the challenge reveals.
    """

    text: str
    is_multiple_choice: bool = False

    @classmethod
    def of(cls, question: Question | Asked) -> Prompt:
        """The prompt of a question of a development file, without its reference."""
        return cls(question.input_field, question.is_multiple_choice)

    @cached_property
    def task_type(self) -> TaskType:
        """The task type, guessed from the text as at the challenge."""
        return task_type_of(self.text, is_multiple_choice=self.is_multiple_choice)


@dataclass(frozen=True)
class Usage:
    """What one answer cost.

    Attributes:
        prompt_tokens: the length of the prompt.
        cached_tokens: how many of them came from the prefix cache.
        answer_tokens: how many were generated.
        latency: seconds from when the engine received the question to its last token.
    """

    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    latency: float


@dataclass(frozen=True)
class Completion:
    """The prediction for one question, and what it cost."""

    text: str
    usage: Usage
