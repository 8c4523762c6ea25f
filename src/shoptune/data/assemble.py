"""Assemble the rows of a mixture: select records, have them rendered, and admit rows until there are enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shoptune.data.build_result import BuildResult, Rows
from shoptune.data.executor import Executor
from shoptune.data.filters.candidates import Candidates
from shoptune.data.filters.row_filter import RowFilter
from shoptune.data.mixture import Plan
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.views import shared_views
from shoptune.data.worker import Batch, Context, Selected, Selection, candidates, compute_view, select
from shoptune.runtime.progress import bar

if TYPE_CHECKING:
    import pyarrow as pa

# Select more records than rows are needed, since some are rejected.
_SPARE_SHARE = 1.2
_SPARE_RECORDS = 20


def assemble(plan: Plan, tables: Mapping[str, SourceTables], context: Context, executor: Executor) -> BuildResult:
    """Make the rows of every task.

    Args:
        plan: the mixture.
        tables: the tables of each source, with what was found wrong with its raw files.
        context: its tasks whose source is present, and what workers need.
        executor: where work runs.

    Raises:
        ShoptuneError: a query is invalid.
    """
    for views in shared_views(list(context.tasks.values())):
        for _ in executor.map(partial(compute_view, context), views):
            pass
    wanted = plan.wanted(context.tasks)
    row_filter = RowFilter.of(plan.mixture, sum(wanted.values()), context.teacher)
    assembly = _Assembly(context, executor, row_filter)
    parts: list[pa.Table] = []
    with bar("data", sum(wanted.values())) as progress:
        for part in assembly.rows(wanted):
            parts.append(part)
            progress.advance(part.num_rows)
    return BuildResult(
        Rows(parts),
        wanted,
        {name: rows for name, rows in plan.wanted_of_all().items() if name not in wanted},
        assembly.row_filter.rejects,
        malformed={source: found.malformed for source, found in tables.items()},
        missing={source: found.missing for source, found in tables.items()},
        samples=context.querying.samples,
        word_overlap=assembly.row_filter.word_overlap(),
    )


@dataclass(frozen=True)
class _Assembly:
    """Rows are admitted here, in the order of tasks and records; everything else is the workers' work."""

    context: Context
    executor: Executor
    row_filter: RowFilter

    def rows(self, wanted: Mapping[str, int]) -> Iterator[pa.Table]:
        """The rows of all tasks, in parts; workers select the records of the next tasks in the meantime."""
        selections = [Selection(name, int(count * _SPARE_SHARE) + _SPARE_RECORDS) for name, count in wanted.items()]
        selected = self.executor.map(partial(select, self.context), selections)
        for selection, found in zip(selections, selected, strict=True):
            yield from self._rows_of_task(wanted[selection.task], selection, found)

    def _rows_of_task(self, wanted: int, selection: Selection, selected: Selected) -> Iterator[pa.Table]:
        """The rows of a task, in parts; records are selected until there are enough rows or no more records."""
        row_filter, left = self.row_filter.of_task(self.context.tasks[selection.task]), wanted
        while left:
            given = 0
            for found in self._candidates(selection.task, selected):
                given += found.rows.num_rows + len(found.rejects)
                part = row_filter.admit(found, left)
                left -= part.num_rows
                yield part
                if not left:
                    return
            if given < selection.most:
                return
            selection = Selection(selection.task, selection.most * 2, selection.after + selection.most)
            (selected,) = self.executor.map(partial(select, self.context), [selection])

    def _candidates(self, task: str, selected: Selected) -> Iterator[Candidates]:
        if selected.file is None:
            yield from selected.candidates
            return
        batches = [Batch(task, selected.file, number) for number in range(selected.batches)]
        yield from self.executor.map(partial(candidates, self.context), batches)
