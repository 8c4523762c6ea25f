"""Store the tables that recipes query as Parquet: sorted, so that the same records give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from shoptune.data.readers.files import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE_HASH = "sample_hash"  # the column that decides which records a sample keeps; recipes do not see it


@dataclass(frozen=True)
class StoredTable:
    """A table, or the part of it that one partition gives.

    Attributes:
        files: Parquet files relative to the source's folder of tables.
        rows: number of records in them.
        sample_by: the column whose values a sample keeps or drops as a whole, or None.
        kept_with: a table with the same column, or None; a sample takes the records first whose value that table (or
            the sample of it) has, so that the two can be joined.
    """

    files: tuple[str, ...]
    rows: int
    sample_by: str | None = None
    kept_with: str | None = None


@dataclass(frozen=True)
class TableStore:
    """Where the tables of one partition of a source are stored.

    Attributes:
        directory: the source's folder of tables.
        partition: the partition's name; it starts the names of the files.
    """

    directory: Path
    partition: str

    def write(
        self, connection: DuckDBPyConnection, name: str, query: str, sample_by: str | None, partition_by: str | None
    ) -> StoredTable:
        """Store a table and create a view of that name over its files.

        Args:
            connection: the database that the query runs in.
            name: the table's name.
            query: SQL; its records are sorted by the hash of the column `sample_by`, then by all columns.
            sample_by: the column that samples are drawn by; a sample then reads a range of each file only.
            partition_by: the column with one file per value.
        """
        (self.directory / name).mkdir(parents=True, exist_ok=True)
        # MD5 rather than DuckDB's own hash, which may change from version to version.
        text = f"""coalesce(CAST("{sample_by}" AS VARCHAR), '')"""
        hashed = f"md5_number_upper({text}) AS {SAMPLE_HASH}, *" if sample_by else "*"
        files, rows = [], 0
        for suffix, where in _partitions(connection, query, partition_by):
            file = f"{name}/{quote(self.partition, safe='')}{suffix}.parquet"
            select = f"SELECT {hashed} FROM ({query}) {where} ORDER BY ALL"
            target = quoted([self.directory / file])[1:-1]
            copied = connection.execute(f"COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
            (count,) = copied.fetchone() or (0,)
            if count:
                files.append(file)
                rows += count
            else:
                (self.directory / file).unlink()
        stored = StoredTable(tuple(files), rows, sample_by)
        connection.execute(f"CREATE VIEW {name} AS {relation(stored, self.directory) if files else empty(query)}")
        return stored


def relation(table: StoredTable, directory: Path) -> str:
    """SQL that reads a stored table with the columns that recipes see."""
    columns = f"* EXCLUDE ({SAMPLE_HASH})" if table.sample_by else "*"
    return f"SELECT {columns} FROM read_parquet({quoted([directory / file for file in table.files])})"


def empty(query: str) -> str:
    """SQL for a table with a query's columns and no records."""
    return f"SELECT * FROM ({query}) WHERE false"


def _partitions(connection: DuckDBPyConnection, query: str, column: str | None) -> Iterator[tuple[str, str]]:
    """A suffix for the file's name and a WHERE clause for each value of a column, or one of each without a column."""
    if column is None:
        yield "", ""
        return
    values = connection.execute(f'SELECT DISTINCT "{column}" FROM ({query}) ORDER BY ALL').fetchall()
    for (value,) in values:
        text = str(value).replace("'", "''")
        where = f'"{column}" IS NULL' if value is None else f"CAST(\"{column}\" AS VARCHAR) = '{text}'"
        yield f"-{quote(str(value), safe='')}", f"WHERE {where}"
