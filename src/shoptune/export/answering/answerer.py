"""Answer batches as the evaluator passes them, without ever raising."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shoptune.export.answering.defaults import default_answer, is_readable
from shoptune.export.answering.pace import Pace
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prepare import finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.runtime.progress import complain
from shoptune.shopbench.vocabulary import TaskType


class Writer(Protocol):
    """The part of an engine's interface used here, implemented by `DeadlineEngine`."""

    def write_until(
        self, deadline: float, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[str | None]:
        """Return the model's output for each question before the deadline, or None if there is none."""


class Answerer:
    """Gives each question a readable answer in time, even if the engine fails.

    Args:
        engine: writes the answers.
        profile: the prompting and the repair of answers.
        pace: gives each batch its deadline.
    """

    def __init__(self, engine: Writer, profile: Profile, pace: Pace) -> None:
        self._engine, self._profile, self._pace = engine, profile, pace
        self._answered: list[list[FewShotExample]] = []

    def answer(self, texts: Sequence[Any], *, is_multiple_choice: bool) -> list[str]:
        """Answer the questions of a batch; the answers are in the same order."""
        deadline = self._pace.deadline(len(texts))
        prompts = [Prompt(_clean(text), bool(is_multiple_choice)) for text in texts]
        try:
            dynamic = dynamic_examples(self._profile.prompting.dynamic, self._answered)
            written = self._written(prompts, dynamic, deadline)
        except Exception as error:
            complain(f"submission: a batch failed: {error!r}")
            written = [None] * len(prompts)
        answers = [self._finished(text, prompt) for text, prompt in zip(written, prompts, strict=True)]
        self._remember(prompts, answers)
        return answers

    def _written(
        self, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample], deadline: float
    ) -> list[str | None]:
        """Return the model's outputs. If the engine fails on the batch, pass its questions one by one."""
        written = self._asked(prompts, dynamic, deadline)
        if written is not None:
            return written
        alone = (
            self._asked([prompt], dynamic, deadline) if time.monotonic() < deadline else None for prompt in prompts
        )
        return [answer[0] if answer else None for answer in alone]

    def _asked(
        self, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample], deadline: float
    ) -> list[str | None] | None:
        """Return the engine's outputs, or None if it fails."""
        try:
            written = self._engine.write_until(deadline, prompts, dynamic)
        except Exception as error:
            complain(f"submission: the engine failed on {len(prompts)} questions: {error!r}")
            return None
        if len(written) == len(prompts):
            return written
        complain(f"submission: the engine returned {len(written)} answers to {len(prompts)} questions")
        return None

    def _finished(self, text: str | None, prompt: Prompt) -> str:
        """Return the model's answer if it is readable, otherwise the default answer."""
        try:
            answer = finished(text, prompt, self._profile) if text is not None else ""
            if text is not None and is_readable(answer, prompt.task_type):
                return answer
            return default_answer(prompt.text, prompt.task_type, self._profile.default_choice)
        except Exception as error:
            complain(f"submission: an answer could not be finished: {error!r}")
            return str(self._profile.default_choice)

    def _remember(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> None:
        if self._profile.prompting.dynamic:
            pairs = zip(prompts, answers, strict=True)
            self._answered.append([FewShotExample(prompt.text, prompt.task_type, answer) for prompt, answer in pairs])


def _clean(text: Any) -> str:
    """Return a question as valid Unicode, since tokenizers reject lone surrogates."""
    return str(text).encode("utf-8", "replace").decode("utf-8")
