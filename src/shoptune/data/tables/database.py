"""The tables of all sources in DuckDB, and the records that recipes select from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import quoted
from shoptune.data.readers.table_store import relation
from shoptune.data.recipe import TEACHER, Task
from shoptune.data.tables.connection import open_connection
from shoptune.data.tables.memory_limit import MemoryLimit
from shoptune.data.tables.sample import Sample
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import NO_TEACHER, TeacherTables, tables_read
from shoptune.data.tables.teacher_views import create_teacher_tables, with_provenance
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
        scratch: a folder for intermediate results and for what does not fit into memory.
        seed: decides which records are selected.
        samples: by name, the tables that recipes see a sample of.
        memory_gb: memory limit of DuckDB in each process, in units of 10^9 bytes; it spills to `scratch`, and the limit
            grows if a query cannot spill.
        processes: the number of processes that share the machine's memory.
        threads: DuckDB threads in each process, or None for one per core.
    """

    scratch: Path
    seed: int = 0
    samples: Mapping[str, Sample] = field(default_factory=dict)
    memory_gb: float = 1.2
    processes: int = 1
    threads: int | None = None


@dataclass(frozen=True)
class Database:
    """The tables of sources, ready for the queries of recipes.

    Attributes:
        connection: the connection to DuckDB.
        memory_limit: its memory limit.
        teacher: the teacher's tables in it.
        attached: the views whose stored results are attached.
    """

    connection: DuckDBPyConnection
    memory_limit: MemoryLimit
    teacher: TeacherTables = NO_TEACHER
    attached: set[str] = field(default_factory=set)


def connect(
    tasks: Sequence[Task], tables: Mapping[str, SourceTables], querying: Querying, teacher: TeacherTables = NO_TEACHER
) -> Database:
    """A database with the tables of sources and of a teacher, and the views of recipes.

    Args:
        tasks: the tasks whose recipes' views are created.
        tables: the tables of each source that the tasks need.
        querying: how tables are queried.
        teacher: the teacher's tables.

    Raises:
        ShoptuneError: a view is not valid SQL.
    """
    connection = open_connection(querying.scratch)
    if querying.threads:
        connection.execute(f"SET threads = {querying.threads}")
    connection.execute("SET preserve_insertion_order = false")  # every query whose order matters has ORDER BY
    sources = sorted({task.source for task in tasks} - {TEACHER})
    _refuse_repeated_tables(tasks, {source: tables[source] for source in sources})
    for source in sources:
        _create_tables(connection, tables[source], querying.samples)
    create_teacher_tables(connection, teacher)
    folders = [*(tables[source].directory for source in sources), *teacher.folders.values(), querying.scratch]
    _confine(connection, folders)
    _create_views(connection, tasks, teacher)
    return Database(connection, MemoryLimit(connection, querying.memory_gb, querying.processes), teacher)


def _create_tables(connection: DuckDBPyConnection, tables: SourceTables, samples: Mapping[str, Sample]) -> None:
    for name, definition in tables.macros.items():
        connection.execute(f"CREATE MACRO {name}{definition}")
    for name, table in tables.tables.items():
        query = samples[name].query if name in samples else relation(table, tables.directory)
        connection.execute(f"CREATE VIEW {name} AS {query}")
    for name, query in tables.views.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")


def _refuse_repeated_tables(tasks: Sequence[Task], tables: Mapping[str, SourceTables]) -> None:
    seen: set[str] = set()
    for source, found in tables.items():
        names = {*found.tables, *found.views}
        if twice := sorted(names & seen):
            file = next(task.file for task in tasks if task.source == source)
            remedy = "choose another name, or put the tasks into one recipe"
            raise fail(file, "tables", f"another source has a table named '{twice[0]}'", remedy)
        seen |= names


def _confine(connection: DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """From here on, queries can read nothing but files below the folders: other files are not inputs of the build."""
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET allowed_directories = {quoted([folder.absolute() for folder in folders])}")
    connection.execute("SET enable_external_access = false")


def _create_views(connection: DuckDBPyConnection, tasks: Sequence[Task], teacher: TeacherTables) -> None:
    """Create the views of recipes, but not those that read a table which the teacher has not written."""
    import duckdb

    for file, task in {task.file: task for task in tasks}.items():
        for name, query in task.views.items():
            if teacher.lacks(tables_read(query, task.views)):
                continue
            try:
                connection.execute(f"CREATE VIEW IF NOT EXISTS {name} AS {query}")
            except duckdb.Error as error:
                raise failed(file, f"views.{name}", error) from error


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

    order = "ORDER BY md5(concat($salt, key)), key"
    selected = f"SELECT * FROM ({task.recipe.records}) {order} LIMIT $most OFFSET $after"
    query = with_provenance(selected, order, task, database.teacher)
    values = {"salt": f"{seed}/{task.recipe.name}/", "most": most, "after": after}

    def begin() -> Iterator[pa.RecordBatch]:
        """The batches, with the first one already computed: once DuckDB has sorted, it needs no more memory."""
        batches = iter(database.connection.sql(query, params=values).to_arrow_reader(_ROWS_AT_ONCE))
        return chain([first] if (first := next(batches, None)) else [], batches)

    try:
        yield from database.memory_limit.run(task.recipe.name, begin)
    except duckdb.Error as error:
        raise failed(task.file, f"{task.recipe.name}.records", error) from error


def failed(file: Path, where: str, error: duckdb.Error) -> ShoptuneError:
    """Return the error for a query that DuckDB rejects."""
    import duckdb

    first_line = str(error).strip().partition("\n")[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        what = f"the query needs more memory ({first_line})"
        return fail(file, where, what, "use a larger machine, or raise the limit: --set memory_gb=N")
    if isinstance(error, duckdb.PermissionException):
        what = f"the query reads a file that is not an input of the build ({first_line})"
        return fail(file, where, what, "declare the file under `tables:` of a recipe with `source: tables`")
    return fail(file, where, first_line, "correct the query")
