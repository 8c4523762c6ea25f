"""How a question is put to the model: the four winning papers' strategies, as settings that can be combined."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from shoptune.config import Settings
from shoptune.config.paths import ConfigPath
from shoptune.infer.by_task_type import by_task_type
from shoptune.shopbench.chat import SYSTEM_PROMPT
from shoptune.shopbench.vocabulary import TaskType

Count = Annotated[int, Field(ge=1)]


@by_task_type(str, lambda _: "")
class Tips(Settings):
    """Advice added to the system prompt, by task type (paper 000, section 4.2).

    Attributes:
        always: for every task type.
    """

    always: str = ""

    def of(self, task_type: TaskType) -> list[str]:
        """The tips for one task type, those for all first."""
        own: str = getattr(self, task_type.name.lower())
        return [tip.strip() for tip in (self.always, own) if tip.strip()]


class FewShot(Settings):
    """Few-shot examples from a file: questions with their answers, shown before the one asked. Tasks take turns.

    Attributes:
        questions: a file in the development format.
        multiple_choice: how many multiple-choice examples to show before a multiple-choice question.
        others: what to show before any other question. `each`: one example of each task type but multiple choice;
            `same`: examples of the question's own task type.
        same: how many examples `same` shows.
    """

    questions: ConfigPath
    multiple_choice: Annotated[int, Field(ge=0)] = 1
    others: Literal["each", "same"] = "each"
    same: Annotated[int, Field(ge=0)] = 1


class Dynamic(Settings):
    """A few-shot example from this run: the first question of an earlier batch, with the model's own answer.

    Paper 000, section 4.3.3.

    Attributes:
        every: refresh it after this many batches; the paper found 4 better than 3.
        task_types: for which questions; the paper used it for multiple choice only.
    """

    every: Count = 4
    task_types: tuple[TaskType, ...] = (TaskType.MULTIPLE_CHOICE,)


class Retrieved(Settings):
    """Few-shot examples from training rows, nearest by sentence embedding (paper 003, section 4.2).

    Attributes:
        rows: an artifact of `shoptune data build`.
        count: how many to show, the most similar last.
    """

    rows: ConfigPath
    count: Count = 3


class Reasoning(Settings):
    """Let the model reason before it answers.

    Attributes:
        task_types: for which questions.
        instruction: added to the question.
        pattern: a regular expression that the whole output must match; it replaces the constraint.
        answer: a regular expression whose first group is the answer; its last match counts. When nothing matches, the
            whole output is the answer.
        shown: how few-shot examples write their answer, with `{answer}` in its place.
        max_tokens: maximum length of reasoning and answer together.
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
            raise ValueError(f"is not a valid regular expression: {error}") from error
        return value

    @field_validator("answer")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        if not re.compile(value).groups:
            raise ValueError("must have a group, in parentheses, for the answer")
        return value


class Prompting(Settings):
    """A prompting YAML. Every key is optional; an empty YAML is the winning team's prompting (paper 001).

    Attributes:
        system: the system prompt; `{task_type}` is replaced by the question's task type in words.
        tips: added to the system prompt.
        placement: show few-shot examples as earlier turns of the chat (`history`, paper 002), or inside the question's
            own turn (`inline`).
        few_shot: few-shot examples from a file.
        retrieved: training rows similar to the question, shown after those.
        dynamic: a few-shot example from this run, shown last.
        read_again: task types whose questions are repeated (Re-Reading; paper 003, section 4.2).
        reasoning: let the model reason before it answers.
    """

    system: str = SYSTEM_PROMPT
    tips: Tips = Tips()
    placement: Literal["history", "inline"] = "history"
    few_shot: FewShot | None = None
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
        """The files that prompts are made from, by name."""
        files = {
            "few_shot": self.few_shot and self.few_shot.questions,
            "retrieved": self.retrieved and self.retrieved.rows,
        }
        return {name: Path(file) for name, file in files.items() if file}

    def reasoning_of(self, task_type: TaskType) -> Reasoning | None:
        """The reasoning for a task type, if any."""
        return self.reasoning if self.reasoning and task_type in self.reasoning.task_types else None
