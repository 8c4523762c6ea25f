"""An engine that stops at a deadline and returns the answers generated so far."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shoptune.infer.constraints.constraint import FREE
from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prepare import Prepared
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.runtime.progress import complain
from shoptune.shopbench.vocabulary import TaskType

_SHOWN = 60
_FORGETTING = 0.9


class DeadlineEngine(Engine):
    """An `Engine` that returns before a deadline.

    Args:
        checkpoint: a local folder.
        profile: the engine's arguments, the prompting and the length limits.
    """

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        super().__init__(checkpoint, profile)
        self._numbers, self._slow_step = itertools.count(), 0.0

    def write_until(
        self, deadline: float, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[str | None]:
        """Return the model's output for each question before the deadline, or None if there is none.

        If a question is too long, its middle is removed. If the engine rejects a question, it is retried without its
        constraint. The result is None for questions that cannot be prepared, and for those rejected twice.

        Args:
            deadline: the deadline, as a value of `time.monotonic`.
            prompts: the questions.
            dynamic: few-shot examples from earlier batches.

        Raises:
            Exception: a step of the engine failed. All requests have been removed from it.
        """
        waiting: dict[str, int] = {}
        written: list[str | None] = [None] * len(prompts)
        engine: Any = self._llm.llm_engine
        try:
            for place, prompt in enumerate(prompts):
                if name := self._asked(prompt, dynamic):
                    waiting[name] = place
            for name, text, is_finished in self._steps(engine, deadline):
                written[waiting[name]] = text
                if is_finished:
                    del waiting[name]
            if waiting:
                complain(f"submission: {len(waiting)} of {len(prompts)} answers were cut off at the deadline")
        finally:
            if waiting:
                engine.abort_request(list(waiting))
        return written

    def _steps(self, engine: Any, deadline: float) -> Iterator[tuple[str, str, bool]]:
        """Run steps while there is time for another slow one. Yield (request, text so far, whether it is finished).

        At least one step is run. The first steps are slow because they compile kernels, so the duration of a slow step
        is weighted less with every step after it.
        """
        now = time.monotonic()
        while engine.has_unfinished_requests():
            started = now
            for output in engine.step():
                yield output.request_id, output.outputs[0].text, output.finished
            now = time.monotonic()
            self._slow_step = max(now - started, _FORGETTING * self._slow_step)
            if now + self._slow_step > deadline:
                return

    def _asked(self, prompt: Prompt, dynamic: Mapping[TaskType, FewShotExample]) -> str | None:
        """Pass a question to the engine. Return the request's name, or None if that is impossible."""
        try:
            [prepared] = self._preparer.prepare([prompt], dynamic, cut=True)
        except Exception as error:  # questions are untrusted input
            complain(f"submission: cannot prepare the question {prompt.text[:_SHOWN]!r}: {error!r}")
            return None
        if prepared.lost:
            what = f"is too long; {prepared.lost} tokens were removed from its middle"
            complain(f"submission: the question {prompt.text[:_SHOWN]!r} {what}")
        for attempt in (prepared, replace(prepared, constraint=FREE)):
            try:
                return self._added(attempt)
            except Exception as error:
                complain(f"submission: the engine rejects the question {prompt.text[:_SHOWN]!r}: {error!r}")
        return None

    def _added(self, prepared: Prepared) -> str:
        name = f"question-{next(self._numbers)}"
        tokens = {"type": "token", "prompt_token_ids": list(prepared.token_ids)}
        self._llm.llm_engine.add_request(name, tokens, self._parameters(prepared))
        return name
