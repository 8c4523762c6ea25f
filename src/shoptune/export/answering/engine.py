"""An engine that stops at a deadline: what an answer has by then is the answer."""

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
    """`Engine` for a machine where being late loses everything.

    Args:
        checkpoint: a local folder.
        profile: engine arguments, how questions are put, and length limits.
    """

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        super().__init__(checkpoint, profile)
        self._numbers, self._slow_step = itertools.count(), 0.0

    def write_until(
        self, deadline: float, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[str | None]:
        """What the model writes to each question until a time; None where it has written nothing.

        A question that is too long loses its middle. One that cannot be prepared, or that the engine refuses, is asked
        again without its constraint, and is None when that fails too.

        Args:
            deadline: on the clock of `time.monotonic`.
            prompts: the questions.
            dynamic: few-shot examples from earlier batches.

        Raises:
            Exception: whatever the engine raises when a step of it fails; it is empty again then.
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
                complain(f"submission: {len(waiting)} of {len(prompts)} answers were cut short to be in time")
        finally:
            if waiting:
                engine.abort_request(list(waiting))
        return written

    def _steps(self, engine: Any, deadline: float) -> Iterator[tuple[str, str, bool]]:
        """What each step of the engine adds, while there is time for another step like the slow ones before.

        There is one step at least. Kernels are compiled in the first steps, so an old slow step counts less and less.
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
        """Pass one question to the engine: the request's name, or None if that is impossible."""
        try:
            [prepared] = self._preparer.prepare([prompt], dynamic, cut=True)
        except Exception as error:  # whatever a question of unknown origin causes
            complain(f"submission: cannot prepare the question {prompt.text[:_SHOWN]!r}: {error!r}")
            return None
        if prepared.lost:
            what = f"is too long and lost {prepared.lost} tokens in its middle"
            complain(f"submission: the question {prompt.text[:_SHOWN]!r} {what}")
        for attempt in (prepared, replace(prepared, constraint=FREE)):
            try:
                return self._added(attempt)
            except Exception as error:
                complain(f"submission: the engine refuses the question {prompt.text[:_SHOWN]!r}: {error!r}")
        return None

    def _added(self, prepared: Prepared) -> str:
        name = f"question-{next(self._numbers)}"
        tokens = {"type": "token", "prompt_token_ids": list(prepared.token_ids)}
        self._llm.llm_engine.add_request(name, tokens, self._parameters(prepared))
        return name
