"""Admit rows to a build: drop repeated questions, near-duplicates, questions of the benchmark, and unfit texts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shoptune.data.filters.across_tasks import RowsOfOtherTasks
from shoptune.data.filters.candidates import Candidates
from shoptune.data.filters.duplicates import NearDuplicates
from shoptune.data.filters.judge import refused_rows
from shoptune.data.filters.reasons import (
    CONTAMINATED,
    DUPLICATE,
    JUDGE,
    NEAR_DUPLICATE,
    NEAR_DUPLICATE_ELSEWHERE,
    SHORTCUT,
)
from shoptune.data.filters.rejects import Rejects
from shoptune.data.mixture import Mixture
from shoptune.data.recipe import Task
from shoptune.data.render.reject import Reject
from shoptune.data.tables.teacher import NO_TEACHER, TeacherTables

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_TIE = 0.5  # the score of guessing between two options


@dataclass
class RowFilter:
    """Admits rows in the order in which they arrive.

    Attributes:
        similarity: Jaccard similarity from which two rows of a task count as near-duplicates; None keeps both.
        elsewhere: the admitted rows of the tasks before, or None if they are not compared.
        limits_word_overlap: whether tasks are held to their recipes' `word_overlap`.
        refused: the ids of the rows that the teacher's judge scores too low.
        rejects: the rows and records that were dropped.
        seen: digests of all admitted questions, across tasks.
        tasks: the filter of each task so far, by the task's name.
    """

    similarity: float | None
    elsewhere: RowsOfOtherTasks | None = None
    limits_word_overlap: bool = True
    refused: frozenset[str] = frozenset()
    rejects: Rejects = field(default_factory=Rejects)
    seen: set[bytes] = field(default_factory=set)
    tasks: dict[str, TaskRowFilter] = field(default_factory=dict)

    @classmethod
    def of(cls, mixture: Mixture, rows: int, teacher: TeacherTables = NO_TEACHER) -> RowFilter:
        """The filter that a mixture asks for, with room for a number of rows."""
        similarity = mixture.near_duplicates_across_tasks
        elsewhere = None if similarity is None else RowsOfOtherTasks(similarity, rows)
        return cls(mixture.near_duplicates, elsewhere, mixture.limit_word_overlap, refused_rows(mixture, teacher))

    def of_task(self, task: Task) -> TaskRowFilter:
        """The filter for the rows of a task; the tasks before are finished."""
        for before in self.tasks.values():
            before.finish()
        self.tasks[task.recipe.name] = TaskRowFilter(self, task, NearDuplicates(self.similarity or 1.0))
        return self.tasks[task.recipe.name]

    def word_overlap(self) -> dict[str, float]:
        """The mean score of guessing by shared words, on the admitted rows of each task that lists options."""
        tasks = sorted(self.tasks.items())
        return {name: round(task.guessed / task.guesses, 3) for name, task in tasks if task.guesses}


@dataclass
class TaskRowFilter:
    """Admits rows of one task.

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
    _admitted: list[tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.uint64]]] = field(default_factory=list)

    def admit(self, candidates: Candidates, most: int) -> pa.Table:
        """Return the first rows that pass, at most `most`. Dropped rows are counted by reason."""
        import pyarrow as pa

        for reject in candidates.rejects:
            self.build.rejects.add(reject)
        reasons, keys = self._reasons(candidates), candidates.bands.tolist()
        answers, overlaps = candidates.answers.tolist(), candidates.word_overlap.tolist()
        kept: list[int] = []
        for number, digest in enumerate(candidates.digests):
            if len(kept) == most:
                break
            if digest in self.build.seen:
                self._reject(candidates, number, DUPLICATE)
            elif reason := reasons[number]:
                self._reject(candidates, number, reason)
            elif self.build.similarity and not self.near.is_new(
                candidates.signatures[number], keys[number], answers[number]
            ):
                self._reject(candidates, number, NEAR_DUPLICATE)
            elif self._is_shortcut(overlaps[number]):
                self._reject(candidates, number, SHORTCUT)
            else:
                self._count(overlaps[number])
                self.build.seen.add(digest)
                kept.append(number)
        if self.build.elsewhere:
            self._admitted.append((candidates.signatures[kept], candidates.bands[kept], candidates.meanings[kept]))
        everything = len(kept) == candidates.rows.num_rows
        return candidates.rows if everything else candidates.rows.take(pa.array(kept, pa.int64()))

    def finish(self) -> None:
        """Hand the task's rows over for comparison with later tasks, and forget what was needed within the task."""
        if self.build.elsewhere:
            for signatures, bands, meanings in self._admitted:
                self.build.elsewhere.add(signatures, bands, meanings)
        self._admitted.clear()
        self.near = NearDuplicates(self.near.similarity)

    def _reasons(self, candidates: Candidates) -> list[str | None]:
        """Why each row should be dropped, apart from what the rows before it in this task decide."""
        reasons = list(candidates.reasons)
        for number in np.flatnonzero(candidates.contaminated):
            reasons[number] = reasons[number] or CONTAMINATED
        if self.build.elsewhere:
            found = self.build.elsewhere.finds(candidates.signatures, candidates.bands, candidates.meanings)
            for number in np.flatnonzero(found):
                reasons[number] = reasons[number] or NEAR_DUPLICATE_ELSEWHERE
        if self.build.refused:
            ids = candidates.rows["row_id"].to_pylist()
            reasons = [
                reason or (JUDGE if row in self.build.refused else None)
                for reason, row in zip(reasons, ids, strict=True)
            ]
        return reasons

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
