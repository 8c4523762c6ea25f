"""How a question is asked: the prompting strategies of the four winning papers, as settings that can be combined."""

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
    """Advice added to the system prompt, per task type (paper 000, section 4.2).

    Attributes:
        always: advice for every task type.
    """

    always: str = ""

    def of(self, task_type: TaskType) -> list[str]:
        """Return the tips for one task type, preceded by those for all task types."""
        own: str = getattr(self, task_type.name.lower())
        return [tip.strip() for tip in (self.always, own) if tip.strip()]


class FewShot(Settings):
    """Few-shot examples from a file, shown before the question. Examples of different tasks alternate.

    Attributes:
        questions: a file in the development format.
        multiple_choice: the number of multiple-choice examples to show before a multiple-choice question.
        others: the examples to show before other questions. `each`: one example of each task type except multiple
            choice; `same`: examples of the question's own task type.
        same: the number of examples to show with `others: same`.
    """

    questions: ConfigPath
    multiple_choice: Annotated[int, Field(ge=0)] = 1
    others: Literal["each", "same"] = "each"
    same: Annotated[int, Field(ge=0)] = 1


class Dynamic(Settings):
    """A few-shot example from the same run: the first question of an earlier batch, with the model's own answer.

    Paper 000, section 4.3.3.

    Attributes:
        every: the number of batches after which the example is replaced; the paper found 4 better than 3.
        task_types: the task types to use it for; the paper used it only for multiple choice.
    """

    every: Count = 4
    task_types: tuple[TaskType, ...] = (TaskType.MULTIPLE_CHOICE,)


class Retrieved(Settings):
    """Few-shot examples retrieved from training rows by the similarity of embeddings (paper 003, section 4.2).

    Attributes:
        rows: a folder written by `shoptune data build`.
        count: the number of examples to show, the most similar last.
    """

    rows: ConfigPath
    count: Count = 3


class Reasoning(Settings):
    """Instructs the model to reason before it answers.

    Attributes:
        task_types: the task types that use reasoning.
        instruction: the text added to the question.
        pattern: a regular expression that the whole output must match; it replaces the constraint on the answer.
        answer: a regular expression whose first group is the answer; the last match counts. If it does not match, the
            whole output is the answer.
        shown: the form in which few-shot examples show their answer; `{answer}` stands for the answer.
        max_tokens: the maximum length of reasoning and answer together, in tokens.
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
            raise ValueError("must contain a group in parentheses that matches the answer")
        return value


class Prompting(Settings):
    """A prompting YAML. All keys are optional; an empty YAML gives the winning team's prompting (paper 001).

    Attributes:
        system: the system prompt; `{task_type}` stands for the name of the question's task type.
        tips: advice added to the system prompt.
        placement: where few-shot examples are shown: as earlier turns of the chat (`history`, paper 002), or in the
            same turn as the question (`inline`).
        few_shot: few-shot examples from a file.
        retrieved: few-shot examples retrieved from training rows, shown after those from the file.
        dynamic: a few-shot example from the same run, shown last.
        read_again: the task types whose questions are repeated (Re-Reading; paper 003, section 4.2).
        reasoning: instructs the model to reason before it answers.
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
            raise ValueError("must not contain braces other than {task_type}") from error
        return value

    @property
    def inputs(self) -> dict[str, Path]:
        """The files that prompts depend on, by name."""
        files = {
            "few_shot": self.few_shot and self.few_shot.questions,
            "retrieved": self.retrieved and self.retrieved.rows,
        }
        return {name: Path(file) for name, file in files.items() if file}

    def reasoning_of(self, task_type: TaskType) -> Reasoning | None:
        """Return the reasoning settings for a task type, or None if it does not use reasoning."""
        return self.reasoning if self.reasoning and task_type in self.reasoning.task_types else None
