"""The DuckDB side of the data stage: sources become tables, recipes' queries give records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data import sources
from shoptune.data.readers.malformed import MalformedRecord
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.recipe import Task
from shoptune.data.tables.memory_limit import MemoryLimit
from shoptune.errors import ShoptuneError, fail

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_ROWS_AT_ONCE = 2048  # DuckDB's own vectors have this many


@dataclass(frozen=True)
class Reading:
    """How raw files are read.

    Attributes:
        scratch: a folder for what does not fit into memory.
        seed: decides what is sampled.
        sample: for some tables, how many records are kept.
        most: the most records that are read of a table, for a quick look, or None.
        memory_gb: what DuckDB may use before it writes to `scratch`, in units of 10^9 bytes; more when it must.
    """

    scratch: Path
    seed: int = 0
    sample: Mapping[str, int] = field(default_factory=dict)
    most: int | None = None
    memory_gb: float = 1.2


@dataclass(frozen=True)
class Database:
    """Sources as tables.

    Attributes:
        connection: to DuckDB.
        memory_limit: its memory.
        malformed: by source, the parts of its files that were set aside.
        missing: by source, how many records have no partner in another table.
        tables: the names of those that were read from lines, and so may be sampled.
    """

    connection: DuckDBPyConnection
    memory_limit: MemoryLimit
    malformed: Mapping[str, Sequence[MalformedRecord]]
    missing: Mapping[str, Mapping[str, int]]
    tables: frozenset[str]


def connect(tasks: Sequence[Task], folders: Mapping[str, Path], reading: Reading) -> Database:
    """A database with the tables of every source that the tasks need, and their recipes' views.

    Args:
        tasks: whose sources and views are wanted.
        folders: the folder of each source.
        reading: how the files are read.

    Raises:
        ShoptuneError: a source's files are missing, or a view is not valid SQL.
    """
    import duckdb

    reading.scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(reading.scratch / "sources.duckdb")
    connection.execute("SET enable_progress_bar = false")
    memory_limit = MemoryLimit(connection, reading.memory_gb)
    connection.execute("SET preserve_insertion_order = false")  # every query that cares says how it orders
    malformed, missing = {}, {}
    tables: set[str] = set()
    for source in sorted({task.source for task in tasks}):
        reader = SourceReader(connection, reading.scratch / source, reading.seed, reading.sample, reading.most)
        sources.register(source, reader, folders[source])
        malformed[source], missing[source] = reader.malformed, reader.missing
        tables |= reader.tables
    _create_views(connection, memory_limit, tasks)
    return Database(connection, memory_limit, malformed, missing, frozenset(tables))


def _create_views(connection: DuckDBPyConnection, memory_limit: MemoryLimit, tasks: Sequence[Task]) -> None:
    """Create the recipes' views; one that several tasks read is computed once, as a table."""
    import duckdb

    for file, task in {task.file: task for task in tasks}.items():
        for name, query in task.views.items():
            readers = [other for other in tasks if re.search(rf"\b{name}\b", other.recipe.records)]
            form = "TABLE" if len(readers) > 1 else "VIEW"
            create = partial(connection.execute, f"CREATE {form} IF NOT EXISTS {name} AS {query}")
            try:
                memory_limit.run(name, create)
            except duckdb.Error as error:
                raise _failed(file, f"views.{name}", error) from error


def records(database: Database, task: Task, seed: int, most: int, after: int = 0) -> Iterator[pa.RecordBatch]:
    """Batches of a task's records, in an order that depends on the seed and their keys alone.

    Args:
        database: from `connect`.
        task: whose query to run.
        seed: the mixture's.
        most: the most records to give.
        after: how many to leave out from the front.

    Raises:
        ShoptuneError: the query fails, or gives no column `key`.
    """
    import duckdb

    query = f"SELECT * FROM ({task.recipe.records}) ORDER BY md5(concat(?, key)), key LIMIT ? OFFSET ?"
    values = [f"{seed}/{task.recipe.name}/", most, after]

    def begin() -> Iterator[pa.RecordBatch]:
        """The batches, the first of them there already: whoever has sorted needs no more memory."""
        batches = iter(database.connection.sql(query, params=values).to_arrow_reader(_ROWS_AT_ONCE))
        return chain([first] if (first := next(batches, None)) else [], batches)

    try:
        yield from database.memory_limit.run(task.recipe.name, begin)
    except duckdb.Error as error:
        raise _failed(task.file, f"{task.recipe.name}.records", error) from error


def _failed(file: Path, where: str, error: duckdb.Error) -> ShoptuneError:
    import duckdb

    first_line = str(error).strip().partition("\n")[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        what = f"the query needs more memory ({first_line})"
        return fail(file, where, what, "use a larger machine, or give it more: --set memory_gb=N")
    return fail(file, where, first_line, "correct the query")
