"""The DuckDB side of the data stage: sources become tables, recipes' queries give records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.data import sources
from shoptune.data.recipe import Task
from shoptune.errors import fail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(tasks: Sequence[Task], raw: Path) -> DuckDBPyConnection:
    """A database with the tables of every source that the tasks need, and their recipes' views.

    Raises:
        ShoptuneError: a source's files are missing, or a view is not valid SQL.
    """
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    for source in sorted({task.source for task in tasks}):
        sources.register(source, connection, raw)
    for task in tasks:
        for name, query in task.views.items():
            try:
                connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
            except duckdb.Error as error:
                raise fail(task.file, f"views.{name}", _first_line(error), "correct the query") from error
    return connection


def records(
    connection: DuckDBPyConnection, task: Task, seed: int, limit: int, batch_size: int
) -> Iterator[list[dict[str, Any]]]:
    """Batches of a task's records, in an order that depends on the seed and their keys alone.

    Args:
        connection: from `connect`.
        task: whose query to run.
        seed: the mixture's.
        limit: the most records to give.
        batch_size: the most records in a batch.

    Raises:
        ShoptuneError: the query fails, or gives no column `key`.
    """
    import duckdb

    query = f"SELECT * FROM ({task.recipe.records}) ORDER BY md5(concat(?, key)), key LIMIT ?"
    try:
        cursor = connection.execute(query, [f"{seed}/{task.recipe.name}/", limit])
        columns = [column[0] for column in cursor.description or []]
        while batch := cursor.fetchmany(batch_size):
            yield [dict(zip(columns, values, strict=True)) for values in batch]
    except duckdb.Error as error:
        where = f"{task.recipe.name}.records"
        raise fail(task.file, where, _first_line(error), "correct the query") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
