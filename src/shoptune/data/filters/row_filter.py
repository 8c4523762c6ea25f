"""Admit rows to a build: drop repeated questions, near-duplicates, and questions of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoptune.data.filters.candidates import Candidates
from shoptune.data.filters.duplicates import NearDuplicates
from shoptune.data.filters.rejects import Rejects
from shoptune.data.recipe import Task
from shoptune.data.render.reject import Reject

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class RowFilter:
    """Admits rows in the order in which they arrive.

    Attributes:
        similarity: Jaccard similarity from which two rows of a task count as near-duplicates; None keeps both.
        rejects: the rows and records that were dropped.
        seen: digests of all admitted questions, across tasks.
    """

    similarity: float | None
    rejects: Rejects = field(default_factory=Rejects)
    seen: set[bytes] = field(default_factory=set)

    def of_task(self, task: Task) -> TaskRowFilter:
        """The filter for the rows of one task."""
        return TaskRowFilter(self, task, NearDuplicates(self.similarity or 1.0))


@dataclass
class TaskRowFilter:
    """Admits rows of one task; near-duplicates are only looked for within the task."""

    build: RowFilter
    task: Task
    near: NearDuplicates

    def admit(self, candidates: Candidates, most: int) -> pa.Table:
        """The first rows that pass, at most `most`; whatever is dropped on the way is counted by reason."""
        import pyarrow as pa

        for reject in candidates.rejects:
            self.build.rejects.add(reject)
        keys, answers = candidates.bands.tolist(), candidates.answers.tolist()
        contaminated = candidates.contaminated.tolist()
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
            else:
                self.build.seen.add(digest)
                kept.append(number)
        everything = len(kept) == candidates.rows.num_rows
        return candidates.rows if everything else candidates.rows.take(pa.array(kept, pa.int64()))

    def _reject(self, candidates: Candidates, number: int, reason: str) -> None:
        key, sample = (candidates.rows.column(name)[number].as_py() for name in ("row_id", "input_field"))
        self.build.rejects.add(Reject(self.task.source, self.task.recipe.name, reason, key, sample))
