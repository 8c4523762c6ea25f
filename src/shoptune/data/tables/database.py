"""The tables of all sources in DuckDB, and the records that recipes select from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.table_store import relation
from shoptune.data.recipe import Task
from shoptune.data.tables.memory_limit import MemoryLimit
from shoptune.data.tables.sample import Sample, sample
from shoptune.data.tables.source_tables import SourceTables
from shoptune.errors import ShoptuneError, fail

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_ROWS_AT_ONCE = 2048  # the size of DuckDB's own vectors


@dataclass(frozen=True)
class Querying:
    """How tables are queried.

    Attributes:
        scratch: a folder for what does not fit into memory.
        seed: decides which records a sample keeps.
        sample: the number of records to keep of some tables.
        memory_gb: memory limit of DuckDB, in units of 10^9 bytes; it spills to `scratch`, and the limit grows if a
            query cannot spill.
    """

    scratch: Path
    seed: int = 0
    sample: Mapping[str, int] = field(default_factory=dict)
    memory_gb: float = 1.2


@dataclass(frozen=True)
class Database:
    """The tables of sources, ready for the queries of recipes.

    Attributes:
        connection: the connection to DuckDB.
        memory_limit: its memory limit.
        tables: the stored tables of each source.
        samples: by name, the tables that recipes see a sample of.
    """

    connection: DuckDBPyConnection
    memory_limit: MemoryLimit
    tables: Mapping[str, SourceTables]
    samples: Mapping[str, Sample]


def connect(tasks: Sequence[Task], tables: Mapping[str, SourceTables], querying: Querying) -> Database:
    """A database with the tables of sources and the views of recipes.

    Args:
        tasks: the tasks whose recipes' views are created.
        tables: the tables of each source that the tasks need.
        querying: how tables are queried.

    Raises:
        ShoptuneError: a view is not valid SQL.
    """
    import duckdb

    querying.scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(querying.scratch / "build.duckdb")
    connection.execute("SET enable_progress_bar = false")
    memory_limit = MemoryLimit(connection, querying.memory_gb)
    connection.execute("SET preserve_insertion_order = false")  # every query that cares about order has ORDER BY
    samples: dict[str, Sample] = {}
    for source in sorted({task.source for task in tasks}):
        samples |= _create_tables(connection, tables[source], querying)
    _create_views(connection, memory_limit, tasks)
    return Database(connection, memory_limit, tables, samples)


def _create_tables(connection: DuckDBPyConnection, tables: SourceTables, querying: Querying) -> dict[str, Sample]:
    """Create views of a source's tables; returns the samples that were drawn."""
    samples = {}
    for name, definition in tables.macros.items():
        connection.execute(f"CREATE MACRO {name}{definition}")
    for name, table in tables.tables.items():
        query, wanted = relation(table, tables.directory), querying.sample.get(name)
        if wanted is not None and wanted < table.rows and table.sample_by:
            samples[name] = sample(connection, tables.directory, table, wanted, querying.seed)
            query += f" WHERE {samples[name].condition}"
        connection.execute(f"CREATE VIEW {name} AS {query}")
    for name, query in tables.views.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")
    return samples


def _create_views(connection: DuckDBPyConnection, memory_limit: MemoryLimit, tasks: Sequence[Task]) -> None:
    """Create the views of recipes; a view that several tasks read is computed once, as a table."""
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
        task: the task whose query to run.
        seed: the mixture's seed.
        most: the most records to return.
        after: the number of records to skip.

    Raises:
        ShoptuneError: the query fails, or has no column `key`.
    """
    import duckdb

    query = f"SELECT * FROM ({task.recipe.records}) ORDER BY md5(concat(?, key)), key LIMIT ? OFFSET ?"
    values = [f"{seed}/{task.recipe.name}/", most, after]

    def begin() -> Iterator[pa.RecordBatch]:
        """The batches, with the first one already computed: once DuckDB has sorted, it needs no more memory."""
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
