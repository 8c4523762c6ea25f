"""Collect the rows of a mixture: ask each task's records, have them rendered, and let the good ones through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.executor import Executor
from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.rejects import Rejects
from shoptune.data.filters.row_filter import RowFilter
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task
from shoptune.data.render.batch import Checks, Rendered, render
from shoptune.data.tables.database import Database, records
from shoptune.runtime.progress import bar

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

# Records asked for each row wanted, since some will be rejected; and a few more where few are wanted.
_SPARE_SHARE = 1.2
_SPARE_RECORDS = 20
_MOST_BYTES_AT_ONCE = 1 << 30  # Arrow addresses two gigabytes of text in one piece


@dataclass(frozen=True)
class Made:
    """The rows of a mixture, by task, before they are shuffled.

    Attributes:
        parts: tables with the columns of `shopbench.rows.SCHEMA`.
        wanted: rows of each task.
        rejects: records that became no row.
        database: what the raw files gave.
    """

    parts: Sequence[pa.Table]
    wanted: Mapping[str, int]
    rejects: Rejects
    database: Database

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(part.num_rows for part in self.parts)

    def take(self, numbers: NDArray[np.int64]) -> pa.Table:
        """The rows of some numbers, in their order."""
        import numpy as np
        import pyarrow as pa

        from shoptune.shopbench.rows import SCHEMA

        if sum(part.nbytes for part in self.parts) < _MOST_BYTES_AT_ONCE:
            return pa.concat_tables(self.parts).take(numbers) if self.parts else SCHEMA.empty_table()
        ends = np.cumsum([part.num_rows for part in self.parts])
        part_of = np.searchsorted(ends, numbers, side="right")
        grouped = np.argsort(part_of, kind="stable")
        pieces = [
            self.parts[part].take(numbers[part_of == part] - (ends[part] - self.parts[part].num_rows))
            for part in np.unique(part_of)
        ]
        return pa.concat_tables(pieces).take(np.argsort(grouped))

    def by_task(self) -> Mapping[str, int]:
        """How many there are of each task that is wanted."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            if part.num_rows:
                counts[part["task_name"][0].as_py()] += part.num_rows
        return {name: counts[name] for name in self.wanted}


def assemble(
    plan: Plan, tasks: Mapping[str, Task], length: LengthLimit, database: Database, renderers: Executor
) -> Made:
    """Make the rows of every task.

    Args:
        plan: the mixture.
        tasks: those of its tasks whose source is there.
        length: the longest that a row may be.
        database: the sources' tables.
        renderers: who renders.

    Raises:
        ShoptuneError: a query is wrong, or a file of questions cannot be read.
    """
    mixture = plan.mixture
    wording = Wording.of(prompt for task in tasks.values() for prompt in task.recipe.prompts)
    decontaminator = Decontaminator.against([Path(file) for file in mixture.decontaminate_against], wording)
    checks = Checks(length, wording, decontaminator, near_duplicates=mixture.near_duplicates is not None)
    work = _Work(database, renderers, checks, RowFilter(mixture.near_duplicates), mixture.seed)
    wanted = plan.wanted(tasks)
    parts: list[pa.Table] = []
    with bar("data", sum(wanted.values())) as progress:
        for name, task in tasks.items():
            for part in work.rows(task, wanted[name]):
                parts.append(part)
                progress.advance(part.num_rows)
    return Made(parts, wanted, work.row_filter.rejects, database)


@dataclass(frozen=True)
class _Work:
    """What every task's rows are made with."""

    database: Database
    renderers: Executor
    checks: Checks
    row_filter: RowFilter
    seed: int

    def rows(self, task: Task, wanted: int) -> Iterator[pa.Table]:
        """A task's rows, in parts; records are asked for until there are enough or no more."""
        row_filter, left, after = self.row_filter.of_task(task), wanted, 0
        most = int(wanted * _SPARE_SHARE) + _SPARE_RECORDS
        while left:
            given = 0
            batches = records(self.database, task, self.seed, most, after)
            for rendered in self.renderers.map(partial(_render, task, self.seed, self.checks), batches):
                given += rendered.rows.num_rows + len(rendered.rejects)
                part = row_filter.admit(rendered, left)
                left -= part.num_rows
                yield part
                if not left:
                    return
            if given < most:
                return
            after, most = after + most, most * 2


def _render(task: Task, seed: int, checks: Checks, batch: pa.RecordBatch) -> Rendered:
    return render(task, seed, checks, batch.to_pylist())
