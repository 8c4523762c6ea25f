"""How a question is put to the model: the four winning papers' ways, as settings that can be combined."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from shoptune.config import Settings
from shoptune.infer.by_task_type import by_task_type
from shoptune.shopbench.chat import SYSTEM_PROMPT
from shoptune.shopbench.vocabulary import TaskType

Count = Annotated[int, Field(ge=1)]


@by_task_type(str, lambda _: "")
class Tips(Settings):
    """Advice that is added to the system prompt, by task type (paper 000, section 4.2).

    Attributes:
        always: whatever the task type.
    """

    always: str = ""

    def of(self, task_type: TaskType) -> list[str]:
        """The tips for one task type, those for all first."""
        own: str = getattr(self, task_type.name.lower())
        return [tip.strip() for tip in (self.always, own) if tip.strip()]


class Exemplars(Settings):
    """Solved questions shown before the one that is asked; of several tasks, one of each comes first.

    Attributes:
        questions: a file in the development format that they are taken from.
        multiple_choice: how many, of the same task type, before a multiple-choice question.
        others: before any other question, `each`: one of each of the other four task types; `same`: some of its own.
        same: how many, where they are of its own.
    """

    questions: str
    multiple_choice: Annotated[int, Field(ge=0)] = 1
    others: Literal["each", "same"] = "each"
    same: Annotated[int, Field(ge=0)] = 1


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
        count: how many are shown, the most similar last.
    """

    rows: str
    count: Count = 3


class Reasoning(Settings):
    """Let the model think before it answers.

    Attributes:
        task_types: for which questions.
        instruction: added to the question.
        pattern: a regular expression that the whole output must match, or none; it takes the place of the constraint.
        answer: a regular expression whose first group is the answer, where it matches last; where it finds nothing the
            output is kept whole.
        shown: how the answer of an exemplar is written, `{answer}` standing for it.
        max_tokens: for thought and answer together.
    """

    task_types: tuple[TaskType, ...] = (TaskType.MULTIPLE_CHOICE,)
    instruction: str
    pattern: str | None = None
    answer: str
    shown: str = "{answer}"
    max_tokens: Count = 128

    @field_validator("pattern", "answer")
    @classmethod
    def _is_an_expression(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return value

    @field_validator("answer")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        if not re.compile(value).groups:
            raise ValueError("must have a group, in parentheses, for the answer")
        return value


class Prompting(Settings):
    """A prompting YAML. What is left out is not done, so that an empty one is the winners' way (paper 001).

    Attributes:
        system: the system prompt; `{task_type}` is replaced by the question's task type in words.
        tips: added to the system prompt.
        placement: exemplars come as turns of the chat before the question (paper 002), or inside its own turn.
        exemplars: solved questions before this one.
        retrieved: training rows like the question, after the exemplars.
        dynamic: one exemplar more, the last, from this very run.
        read_again: for which questions the text is repeated after itself (Re-Reading; paper 003, section 4.2).
        reasoning: think first.
    """

    system: str = SYSTEM_PROMPT
    tips: Tips = Tips()
    placement: Literal["history", "inline"] = "history"
    exemplars: Exemplars | None = None
    retrieved: Retrieved | None = None
    dynamic: Dynamic | None = None
    read_again: tuple[TaskType, ...] = ()
    reasoning: Reasoning | None = None

    @field_validator("system")
    @classmethod
    def _has_only_the_task_type(cls, value: str) -> str:
        try:
            value.format(task_type="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("may hold {task_type} and no other braces") from error
        return value

    @property
    def inputs(self) -> dict[str, Path]:
        """The files that prompts are made from, by a name for each."""
        files = {
            "exemplars": self.exemplars and self.exemplars.questions,
            "retrieved": self.retrieved and self.retrieved.rows,
        }
        return {name: Path(file) for name, file in files.items() if file}

    def reasoning_of(self, task_type: TaskType) -> Reasoning | None:
        """How questions of a task type are thought about, if they are."""
        return self.reasoning if self.reasoning and task_type in self.reasoning.task_types else None
