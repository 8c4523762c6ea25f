"""Assemble the rows of a mixture: select records, have them rendered, and admit rows until there are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.build_result import BuildResult, Rows
from shoptune.data.executor import Executor
from shoptune.data.filters.candidates import Checks
from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.row_filter import RowFilter
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task
from shoptune.data.tables.database import Database, records
from shoptune.data.worker import candidates
from shoptune.runtime.progress import bar

if TYPE_CHECKING:
    import pyarrow as pa

# Some records are rejected, so more are selected than rows are wanted.
_SPARE_SHARE = 1.2
_SPARE_RECORDS = 20


def assemble(
    plan: Plan, tasks: Mapping[str, Task], length: LengthLimit, database: Database, executor: Executor
) -> BuildResult:
    """Make the rows of every task.

    Args:
        plan: the mixture.
        tasks: those of its tasks whose source is present.
        length: limits on a row's length.
        database: the tables of the sources.
        executor: where batches are rendered.

    Raises:
        ShoptuneError: a query is invalid, or a file of benchmark questions cannot be read.
    """
    mixture = plan.mixture
    wording = Wording.of(prompt for task in tasks.values() for prompt in task.recipe.prompts)
    decontaminator = Decontaminator.against([Path(file) for file in mixture.decontaminate_against], wording)
    checks = Checks(length, wording, decontaminator, near_duplicates=mixture.near_duplicates is not None)
    assembly = _Assembly(database, executor, checks, RowFilter(mixture.near_duplicates), mixture.seed)
    wanted = plan.wanted(tasks)
    parts: list[pa.Table] = []
    with bar("data", sum(wanted.values())) as progress:
        for name, task in tasks.items():
            for part in assembly.rows(task, wanted[name]):
                parts.append(part)
                progress.advance(part.num_rows)
    return BuildResult(Rows(parts), wanted, assembly.row_filter.rejects, database.malformed, database.missing)


@dataclass(frozen=True)
class _Assembly:
    """What the rows of every task are made with."""

    database: Database
    executor: Executor
    checks: Checks
    row_filter: RowFilter
    seed: int

    def rows(self, task: Task, wanted: int) -> Iterator[pa.Table]:
        """The rows of a task, in parts; records are selected until there are enough rows or no more records."""
        row_filter, left, after = self.row_filter.of_task(task), wanted, 0
        most = int(wanted * _SPARE_SHARE) + _SPARE_RECORDS
        work = partial(candidates, task, self.seed, self.checks)
        while left:
            given = 0
            for found in self.executor.map(work, records(self.database, task, self.seed, most, after)):
                given += found.rows.num_rows + len(found.rejects)
                part = row_filter.admit(found, left)
                left -= part.num_rows
                yield part
                if not left:
                    return
            if given < most:
                return
            after, most = after + most, most * 2
