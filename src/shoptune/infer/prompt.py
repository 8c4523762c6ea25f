"""The engine's input (prompts) and output (completions)."""

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
        is_multiple_choice: whether the answer is the number of a listed option; the challenge reveals nothing else
            about the task type.
    """

    text: str
    is_multiple_choice: bool = False

    @classmethod
    def of(cls, question: Question | Asked) -> Prompt:
        """Make a prompt of a question from a development file, without its reference."""
        return cls(question.input_field, question.is_multiple_choice)

    @cached_property
    def task_type(self) -> TaskType:
        """The task type, guessed from the text as at the challenge."""
        return task_type_of(self.text, is_multiple_choice=self.is_multiple_choice)


@dataclass(frozen=True)
class Usage:
    """The tokens and the time that one answer took.

    Attributes:
        prompt_tokens: the number of tokens in the prompt.
        cached_tokens: the number of prompt tokens found in the prefix cache.
        answer_tokens: the number of generated tokens.
        latency: the time from queuing the question to generating the last token, in seconds.
    """

    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int
    latency: float


@dataclass(frozen=True)
class Completion:
    """The prediction for one question, and the tokens and the time it took.

    Attributes:
        text: the prediction.
        usage: the tokens and the time.
        raw: the model's output, from which the prediction was extracted and repaired; None if it was not kept.
    """

    text: str
    usage: Usage
    raw: str | None = None
