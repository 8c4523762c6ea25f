"""The units of work that are distributed: compute a view, select a task's records, render a batch of them.

A worker opens the tables itself: it gets paths and SQL and returns candidate rows. Records never pass the driver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.filters.candidates import Candidates, Checks
from shoptune.data.recipe import Task
from shoptune.data.render.batch import render
from shoptune.data.tables.database import Database, Querying, connect, records
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import NO_TEACHER, TeacherTables
from shoptune.data.tables.views import attach, materialize

if TYPE_CHECKING:
    import pyarrow as pa

_SEVERAL = 2  # batches: rendered apart from each other
_databases: dict[Path, Database] = {}  # of this process, by the build's scratch folder


@dataclass(frozen=True)
class Context:
    """The data that every unit of work of a build needs.

    Attributes:
        tasks: the tasks of the build, by name.
        tables: the tables of each source.
        querying: how tables are queried; its scratch folder is visible to all workers.
        checks: what to find out about each row.
        teacher: the teacher's tables.
    """

    tasks: Mapping[str, Task]
    tables: Mapping[str, SourceTables]
    querying: Querying
    checks: Checks
    teacher: TeacherTables = NO_TEACHER

    def close(self) -> None:
        """Close the connection that this process has opened, if any."""
        if database := _databases.pop(self.querying.scratch, None):
            database.connection.close()


@dataclass(frozen=True)
class Selection:
    """Which records of a task to select.

    Attributes:
        task: the task's name.
        most: the most records to return.
        after: the number of records to skip.
    """

    task: str
    most: int
    after: int = 0


@dataclass(frozen=True)
class Selected:
    """The records of a selection, in order: candidate rows if they are one batch, else a file of batches.

    Attributes:
        candidates: the candidate rows, or empty if there is a file.
        file: an Arrow file with the records, or None.
        batches: the number of batches in the file.
    """

    candidates: Sequence[Candidates]
    file: Path | None = None
    batches: int = 0


@dataclass(frozen=True)
class Batch:
    """A batch of records in a file."""

    task: str
    file: Path
    number: int


def compute_view(context: Context, name: str) -> None:
    """Compute a view of the recipes that several tasks read, for all workers to use.

    Raises:
        ShoptuneError: the view is not valid SQL.
    """
    materialize(_database(context), context.querying.scratch, list(context.tasks.values()), name)


def select(context: Context, selection: Selection) -> Selected:
    """Select records of a task; a single batch is rendered right away.

    Raises:
        ShoptuneError: the query fails.
    """
    import pyarrow as pa

    task, seed = context.tasks[selection.task], context.querying.seed
    stream = records(_database(context), task, seed, selection.most, selection.after)
    head = list(islice(stream, _SEVERAL))
    if len(head) < _SEVERAL:
        return Selected([_examined(context, task, batch) for batch in head])
    file = context.querying.scratch / f"{selection.task}-{selection.after}.arrow"
    count = 0
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, head[0].schema) as writer:
        for count, batch in enumerate(chain(head, stream), start=1):  # noqa: B007 - the last number is needed
            writer.write_batch(batch)
    return Selected([], file, count)


def candidates(context: Context, batch: Batch) -> Candidates:
    """Render a batch of records and examine each row."""
    import pyarrow as pa

    with pa.memory_map(str(batch.file)) as source:
        records_ = pa.ipc.open_file(source).get_batch(batch.number)
        return _examined(context, context.tasks[batch.task], records_)


def _database(context: Context) -> Database:
    """This process's connection, with the views that have been computed so far."""
    scratch = context.querying.scratch
    if scratch not in _databases:
        _databases[scratch] = connect(list(context.tasks.values()), context.tables, context.querying, context.teacher)
    attach(_databases[scratch], scratch)
    return _databases[scratch]


def _examined(context: Context, task: Task, batch: pa.RecordBatch) -> Candidates:
    rendered = render(task, context.querying.seed, batch.to_pylist(), context.checks.length.check)
    return context.checks.examine(rendered, task.recipe)
