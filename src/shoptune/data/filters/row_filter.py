"""Admit rows to a build: drop repeated questions, near-duplicates, and questions of the benchmark."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoptune.data.filters.candidates import Candidates
from shoptune.data.filters.duplicates import NearDuplicates
from shoptune.data.filters.rejects import Rejects
from shoptune.data.recipe import Task
from shoptune.data.render.reject import Reject

if TYPE_CHECKING:
    import pyarrow as pa


SHORTCUT = "shortcut: shared words give the answer away"
_TIE = 0.5  # the score of guessing between two options


@dataclass
class RowFilter:
    """Admits rows in the order in which they arrive.

    Attributes:
        similarity: Jaccard similarity from which two rows of a task count as near-duplicates; None keeps both.
        limits_word_overlap: whether tasks are held to their recipes' `word_overlap`.
        rejects: the rows and records that were dropped.
        seen: digests of all admitted questions, across tasks.
        tasks: the filter of each task so far, by the task's name.
    """

    similarity: float | None
    limits_word_overlap: bool = True
    rejects: Rejects = field(default_factory=Rejects)
    seen: set[bytes] = field(default_factory=set)
    tasks: dict[str, TaskRowFilter] = field(default_factory=dict)

    def of_task(self, task: Task) -> TaskRowFilter:
        """The filter for the rows of one task."""
        self.tasks[task.recipe.name] = TaskRowFilter(self, task, NearDuplicates(self.similarity or 1.0))
        return self.tasks[task.recipe.name]

    def word_overlap(self) -> dict[str, float]:
        """The mean score of guessing by shared words, on the admitted rows of each task that lists options."""
        tasks = sorted(self.tasks.items())
        return {name: round(task.guessed / task.guesses, 3) for name, task in tasks if task.guesses}


@dataclass
class TaskRowFilter:
    """Admits rows of one task; near-duplicates are only looked for within the task.

    Attributes:
        build: the filter of the build.
        task: the task.
        near: its near-duplicates.
        guesses: how many admitted rows have options to guess from.
        guessed: what guessing by shared words scores on them, summed.
    """

    build: RowFilter
    task: Task
    near: NearDuplicates
    guesses: int = 0
    guessed: float = 0.0

    def admit(self, candidates: Candidates, most: int) -> pa.Table:
        """Return the first rows that pass, at most `most`. Dropped rows are counted by reason."""
        import pyarrow as pa

        for reject in candidates.rejects:
            self.build.rejects.add(reject)
        keys, answers = candidates.bands.tolist(), candidates.answers.tolist()
        contaminated, overlaps = candidates.contaminated.tolist(), candidates.word_overlap.tolist()
        kept: list[int] = []
        for number, digest in enumerate(candidates.digests):
            if len(kept) == most:
                break
            if digest in self.build.seen:
                self._reject(candidates, number, "duplicate: the same question")
            elif self.build.similarity and not self.near.is_new(
                candidates.signatures[number], keys[number], answers[number]
            ):
                self._reject(candidates, number, "near-duplicate of another question of the task")
            elif contaminated[number]:
                self._reject(candidates, number, "contaminated: overlaps a question of the benchmark")
            elif self._is_shortcut(overlaps[number]):
                self._reject(candidates, number, SHORTCUT)
            else:
                self._count(overlaps[number])
                self.build.seen.add(digest)
                kept.append(number)
        everything = len(kept) == candidates.rows.num_rows
        return candidates.rows if everything else candidates.rows.take(pa.array(kept, pa.int64()))

    def _is_shortcut(self, overlap: float) -> bool:
        """Whether shared words give a row's answer away, and too many such rows have been admitted."""
        limit = self.task.recipe.word_overlap
        if not self.build.limits_word_overlap or limit is None or not overlap > _TIE:
            return False
        return (self.guessed + overlap) / (self.guesses + 1) > limit

    def _count(self, overlap: float) -> None:
        if not math.isnan(overlap):
            self.guesses += 1
            self.guessed += overlap

    def _reject(self, candidates: Candidates, number: int, reason: str) -> None:
        key, sample = (candidates.rows.column(name)[number].as_py() for name in ("row_id", "input_field"))
        self.build.rejects.add(Reject(self.task.source, self.task.recipe.name, reason, key, sample))
