"""Pages of large tables: DuckDB reads the rows of one page from Parquet or JSON lines, never the whole table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

_MEMORY = "1GB"
_THREADS = 2


@dataclass(frozen=True)
class Condition:
    """A condition on rows: `sql` is written in code and has a `?` per value, which may come from a URL."""

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True)
class TablePage:
    """Some rows of a table.

    Attributes:
        rows: the rows, by column.
        total: how many rows satisfy the conditions.
    """

    rows: Sequence[Mapping[str, Any]]
    total: int


@dataclass(frozen=True)
class Table:
    """Parquet files, or files with a JSON object per line, as one table that DuckDB reads.

    Attributes:
        files: the files; all Parquet or all JSON lines.
    """

    files: tuple[Path, ...]

    @property
    def source(self) -> str:
        """The table function that reads the files, with a `?` for their paths."""
        if all(file.suffix == ".parquet" for file in self.files):
            return "read_parquet(?, file_row_number = true, filename = true)"
        return "read_json(?, format = 'newline_delimited', filename = true)"

    def page(
        self, columns: str, conditions: Sequence[Condition] = (), order: str = "", *, offset: int = 0, limit: int = 50
    ) -> TablePage:
        """Read a page of the rows that satisfy all conditions.

        Args:
            columns: the SQL of the columns to read, written in code.
            conditions: which rows.
            order: the SQL of an ORDER BY clause, or empty for the order in the files.
            offset: how many rows to skip.
            limit: how many rows to read.
        """
        where, values = _where(conditions)
        total = self.rows(f"SELECT count(*) AS total FROM {self.source}{where}", values)[0]["total"]
        ordered = f" ORDER BY {order}" if order else ""
        query = f"SELECT {columns} FROM {self.source}{where}{ordered} LIMIT ? OFFSET ?"
        return TablePage(self.rows(query, [*values, limit, offset]), total)

    def counts(self, column: str, conditions: Sequence[Condition] = ()) -> dict[str, int]:
        """Count the rows that satisfy all conditions by the values of a column, the most frequent first."""
        where, values = _where(conditions)
        counted = f"SELECT {column} AS value, count(*) AS rows FROM {self.source}{where} GROUP BY ALL"
        query = f"{counted} ORDER BY rows DESC, value"
        return {str(row["value"]): row["rows"] for row in self.rows(query, values)}

    def rows(self, query: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Run a query whose first `?` is the files, and return all of its rows."""
        with _connect(self.files) as database:
            found = database.execute(query, [[str(file) for file in self.files], *values])
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _where(conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    if not conditions:
        return "", []
    clause = " AND ".join(f"({condition.sql})" for condition in conditions)
    return f" WHERE {clause}", [value for condition in conditions for value in condition.values]


def _connect(files: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database. Queries can read these files and no others."""
    import duckdb

    database = duckdb.connect(config={"memory_limit": _MEMORY, "threads": _THREADS})
    database.execute("SET allowed_paths = ?", [[str(file) for file in files]])
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database
