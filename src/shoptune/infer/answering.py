"""Answer batches of questions: with an engine in this process, or with replicas on Ray."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shoptune.infer.batches import Batches
from shoptune.infer.engine import Engine
from shoptune.infer.few_shot.dynamic import dynamic_examples
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.journal import Batch
from shoptune.infer.profile import Profile

EngineName = Literal["local", "ray"]


@dataclass(frozen=True)
class Answering:
    """The engine or the replicas that answer the questions.

    Attributes:
        checkpoint: the checkpoint's folder.
        profile: the engine's arguments, prompting, constraints and length limits.
        adapter: the folder of an adapter to apply, or None.
        engine: `local` for an engine in this process, `ray` for replicas on a Ray cluster.
        replicas: the number of replicas, or None for the default of `EnginePool`.
    """

    checkpoint: Path
    profile: Profile
    adapter: Path | None = None
    engine: EngineName = "local"
    replicas: int | None = None

    def answer(self, batches: Batches, answered: Mapping[int, Batch]) -> Iterator[Batch]:
        """Answer the batches that are missing, and yield each when it is answered.

        Args:
            batches: the questions.
            answered: the batches that have been answered, by number.

        Raises:
            ShoptuneError: a question is too long, or Ray is not installed or the cluster is too small.
        """
        if not batches.missing(answered):
            return iter(())
        return self._on_ray(batches, answered) if self.engine == "ray" else self._here(batches, answered)

    def _here(self, batches: Batches, answered: Mapping[int, Batch]) -> Iterator[Batch]:
        engine = Engine(self.checkpoint, self.profile)
        earlier: list[list[FewShotExample]] = []
        for number in range(len(batches)):
            batch = answered.get(number)
            if batch is None:
                dynamic = dynamic_examples(self.profile.prompting.dynamic, earlier)
                started, since = time.time(), time.perf_counter()
                completions = engine.answer(batches[number], self.adapter, dynamic)
                batch = Batch(number, completions, started, time.perf_counter() - since)
                yield batch
            earlier.append(_examples(batches, batch))

    def _on_ray(self, batches: Batches, answered: Mapping[int, Batch]) -> Iterator[Batch]:
        from shoptune.infer.pool import EnginePool

        missing = batches.missing(answered)
        work = functools.partial(Engine.answer, adapter=self.adapter)
        with EnginePool(self.checkpoint, self.profile, self.replicas) as pool:
            for done in pool.map(work, [batches[number] for number in missing]):
                yield Batch(missing[done.number], done.result, done.started, done.seconds)


def _examples(batches: Batches, batch: Batch) -> list[FewShotExample]:
    """Return an answered batch as few-shot examples."""
    pairs = zip(batches[batch.number], batch.completions, strict=True)
    return [FewShotExample(prompt.text, prompt.task_type, completion.text) for prompt, completion in pairs]
