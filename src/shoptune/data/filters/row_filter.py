"""Choose among the rows of a build: no question twice, none nearly twice, none of the benchmark's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoptune.data.filters.duplicates import NearDuplicates
from shoptune.data.filters.rejects import Reject, Rejects
from shoptune.data.recipe import Task
from shoptune.data.render.batch import Rendered

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class RowFilter:
    """Lets rows through, in the order in which they come.

    Attributes:
        similarity: from which on two rows of a task are near-duplicates, or None when none are looked for.
        rejects: what was held back.
        seen: digests of the questions that were let through, of all tasks.
    """

    similarity: float | None
    rejects: Rejects = field(default_factory=Rejects)
    seen: set[bytes] = field(default_factory=set)

    def of_task(self, task: Task) -> TaskRowFilter:
        """A row_filter for the rows of one task."""
        return TaskRowFilter(self, task, NearDuplicates(self.similarity or 1.0))


@dataclass
class TaskRowFilter:
    """The row_filter for the rows of one task; near-duplicates are looked for within the task."""

    build: RowFilter
    task: Task
    near: NearDuplicates

    def admit(self, rendered: Rendered, most: int) -> pa.Table:
        """At most `most` of some rows; what is held back before these are found is counted, with its reason."""
        import pyarrow as pa

        for reject in rendered.rejects:
            self.build.rejects.add(reject)
        keys, answers = rendered.bands.tolist(), rendered.answers.tolist()
        contaminated = rendered.contaminated.tolist()
        kept: list[int] = []
        for number, digest in enumerate(rendered.digests):
            if len(kept) == most:
                break
            if digest in self.build.seen:
                self._reject(rendered, number, "duplicate: the same question")
            elif self.build.similarity and not self.near.is_new(
                rendered.signatures[number], keys[number], answers[number]
            ):
                self._reject(rendered, number, "near-duplicate of another question of the task")
            elif contaminated[number]:
                self._reject(rendered, number, "contaminated: overlaps a question of the benchmark")
            else:
                self.build.seen.add(digest)
                kept.append(number)
        everything = len(kept) == rendered.rows.num_rows
        return rendered.rows if everything else rendered.rows.take(pa.array(kept, pa.int64()))

    def _reject(self, rendered: Rendered, number: int, reason: str) -> None:
        key, sample = (rendered.rows.column(name)[number].as_py() for name in ("row_id", "input_field"))
        self.build.rejects.add(Reject(self.task.source, self.task.recipe.name, reason, key, sample))
