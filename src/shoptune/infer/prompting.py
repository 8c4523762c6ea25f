"""How a question is put to the model: the four winning papers' ways, as settings that can be combined."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from shoptune.config import Settings
from shoptune.shopbench.vocabulary import TaskType

Count = Annotated[int, Field(ge=1)]


class Exemplars(Settings):
    """Solved questions shown before the one that is asked.

    Attributes:
        questions: a file in the development format that they are taken from.
        multiple_choice: how many, of the same task type, before a multiple-choice question.
        others: before any other question, `each`: one of each task type; `same`: some of the same task type.
        same: how many, where they are of the same task type.
        placement: as turns of the chat before the question (paper 002), or inside the question's own turn (paper 000).
    """

    questions: str
    multiple_choice: Annotated[int, Field(ge=0)] = 1
    others: Literal["each", "same"] = "each"
    same: Annotated[int, Field(ge=0)] = 1
    placement: Literal["history", "inline"] = "history"


class Dynamic(Settings):
    """The first question of an earlier batch with the model's own answer to it (paper 000, section 4.3.3).

    Attributes:
        every: refreshed every so many batches; the paper found 4 better than 3.
        task_types: for which questions; the paper used it for multiple choice only.
    """

    every: Count = 4
    task_types: tuple[TaskType, ...] = (TaskType.MULTIPLE_CHOICE,)


class Retrieved(Settings):
    """Training rows most like the question, by sentence embedding (paper 003, section 4.2).

    Attributes:
        rows: an artifact of `shoptune data build`.
        count: how many are shown.
    """

    rows: str
    count: Count = 3


class Reasoning(Settings):
    """Let the model think before it answers.

    Attributes:
        task_types: for which questions.
        instruction: added to the question.
        pattern: a regular expression that the whole output must match, or none.
        answer: a regular expression whose first group is the answer; where it finds nothing the output is kept whole.
        max_tokens: for thought and answer together.
    """

    task_types: tuple[TaskType, ...] = (TaskType.MULTIPLE_CHOICE,)
    instruction: str
    pattern: str | None = None
    answer: str
    max_tokens: Count = 128


class Prompting(Settings):
    """A prompting YAML.

    Attributes:
        system: the system prompt; `{task_type}` is replaced by the question's task type in words.
        tips: added to the system prompt (paper 000, section 4.2).
        read_again: repeat the question after itself (Re-Reading; paper 003, section 4.2).
        exemplars: solved questions before this one.
        dynamic: one more, from this very run.
        retrieved: training rows like the question.
        reasoning: think first.
    """

    system: str = "You are a helpful online shopping assistant. Your task is {task_type}."
    tips: str = ""
    read_again: tuple[TaskType, ...] = ()
    exemplars: Exemplars | None = None
    dynamic: Dynamic | None = None
    retrieved: Retrieved | None = None
    reasoning: Reasoning | None = None

    @field_validator("system")
    @classmethod
    def _has_only_the_task_type(cls, value: str) -> str:
        try:
            value.format(task_type="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("may hold {task_type} and no other braces") from error
        return value
