"""Read raw files into DuckDB: what is broken is put aside with its place, what is too much is sampled as it is read.

JSON and CSV become tables, so that a file is read once however many tasks ask for it; Parquet stays where it is.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import quoted
from shoptune.data.readers.malformed import MalformedRecord, bad_lines, line_at, save_lines, save_objects
from shoptune.errors import fail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_OVERSAMPLED = 1.5  # the number of lines is an estimate
_HASHES = 1 << 64
_ESTIMATED_FROM = 1 << 22  # bytes


@dataclass(frozen=True)
class Table:
    """A table to be read from files.

    Attributes:
        name: as `sample` of a mixture names it; in SQL the table is `raw_<name>`.
        files: what it is read from.
        columns: names and DuckDB types; the table has one more, `filename`.
        identity: columns that together tell records apart; they decide what is sampled.
    """

    name: str
    files: Sequence[Path]
    columns: Mapping[str, str]
    identity: Sequence[str]

    @property
    def listed(self) -> str:
        """The columns as DuckDB's readers want them."""
        return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in self.columns.items()) + "}"

    @property
    def is_empty(self) -> str:
        """SQL: a record with nothing in it, which is what a bad line gives."""
        return " AND ".join(f'"{name}" IS NULL' for name in self.columns)


@dataclass
class SourceReader:
    """A database that sources are read into.

    Attributes:
        connection: the database.
        scratch: a folder for what is saved of broken files.
        seed: decides what is sampled.
        sample: for some tables, how many records are kept; which ones depends on the version of DuckDB too.
        most: the most records that are read of a table, from its files' beginnings; for a quick look.
        malformed: the parts of files that were set aside.
        tables: the names of all that were read.
        missing: by a description, how many records have no partner in another table.
    """

    connection: DuckDBPyConnection
    scratch: Path
    seed: int = 0
    sample: Mapping[str, int] = field(default_factory=dict)
    most: int | None = None
    malformed: list[MalformedRecord] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
    missing: dict[str, int] = field(default_factory=dict)

    def json_lines(self, table: Table) -> None:
        """Create a table of `.jsonl` files, gzipped or not.

        A line that is no object with any of the columns is put aside; a value of another type is null.
        """
        import duckdb

        def read(files: Sequence[Path]) -> str:
            options = f"columns = {table.listed}, format = 'newline_delimited', ignore_errors = true, filename = true"
            return f"read_json({quoted(files)}, maximum_object_size = 67108864, {options})"

        try:
            self._create(table, read(table.files))
        except duckdb.IOException:
            self._create(table, read([self._saved(file) for file in table.files]))
        self._put_bad_lines_aside(table)

    def json_array(self, table: Table) -> None:
        """Create a table of files that each hold one JSON array of objects; broken objects are put aside."""
        import duckdb

        try:
            self._create(
                table, f"read_json({quoted(table.files)}, columns = {table.listed}, format = 'array', filename = true)"
            )
        except duckdb.Error:
            saved = []
            for number, file in enumerate(table.files):
                saved.append(self._scratch_file(number, file.with_suffix(".jsonl").name))
                self.malformed += save_objects(file, saved[-1])
            self.json_lines(Table(table.name, saved, table.columns, table.identity))

    def csv(self, table: Table, *, header: bool = True) -> None:
        """Create a table of CSV files; lines of another shape are put aside, and files that lack a column.

        Raises:
            ShoptuneError: no file is left.
        """
        files = self._with_columns(table.files, table.columns, _csv_columns) if header else table.files
        options = f"""columns = {table.listed}, header = {header}, delim = ',', quote = '"', escape = '"',
                      store_rejects = true, filename = true"""
        self._create(table, f"read_csv({quoted(files)}, {options})")
        rejects = self.connection.execute("""
            SELECT DISTINCT ON (file_path, line) file_path, line_byte_position, error_message, csv_line
            FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY file_path, line, error_message
            """).fetchall()
        self.malformed += [
            MalformedRecord(file, line_at(Path(file), place), reason.partition("\n")[0], str(text)[:400])
            for file, place, reason, text in rejects
        ]
        self.connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")

    def parquet(self, files: Sequence[Path], columns: Collection[str]) -> str:
        """SQL that reads Parquet files; files that lack a column are put aside.

        Raises:
            ShoptuneError: no file is left.
        """
        whole = self._with_columns(files, columns, self.parquet_columns)
        rows = f"SELECT * FROM read_parquet({quoted(whole)})"
        return f"({rows}{f' LIMIT {self.most}' if self.most else ''})"

    def create(self, name: str, query: str) -> None:
        """Create a table that recipes query, from the tables and files that were read."""
        self.connection.execute(f"CREATE VIEW {name} AS {query}")

    def count_missing(self, what: str, query: str) -> None:
        """Count records without a partner; `query` gives their number."""
        found = self.connection.execute(query).fetchone()
        if found and found[0]:
            self.missing[what] = int(found[0])

    def _create(self, table: Table, reader: str) -> None:
        names = ", ".join(f'"{name}"' for name in [*table.columns, "filename"])
        where, order = "", ""
        if self.most:
            order = f"LIMIT {self.most}"
        elif wanted := self.sample.get(table.name):
            identity = ", ".join(f'"{name}"' for name in table.identity)
            # DuckDB's own hash costs a fiftieth of MD5, which would double the time of the scan.
            key = f"hash({self.seed}, {identity})"
            share = wanted * _OVERSAMPLED / max(1, sum(map(_estimated_lines, table.files)))
            if share < 1:
                where = f"WHERE {key} < {int(share * _HASHES)} OR ({table.is_empty})"
            order = f"ORDER BY NOT ({table.is_empty}), {key}, {identity} LIMIT {wanted}"
        query = f"SELECT {names} FROM {reader} {where} {order}"
        self.connection.execute(f"CREATE OR REPLACE TABLE raw_{table.name} AS {query}")
        self.tables.add(table.name)

    def _put_bad_lines_aside(self, table: Table) -> None:
        counted = self.connection.execute(
            f"SELECT filename FROM raw_{table.name} WHERE {table.is_empty} GROUP BY filename ORDER BY filename"
        ).fetchall()
        for (file,) in counted:
            self.malformed += bad_lines(Path(file), table.columns)
        if counted:
            self.connection.execute(f"DELETE FROM raw_{table.name} WHERE {table.is_empty}")

    def _saved(self, file: Path) -> Path:
        """What can be read of a file: itself when it is whole."""
        saved = self._scratch_file(len(self.malformed), file.name.removesuffix(".gz"))
        fault = save_lines(file, saved)
        if fault is None:
            saved.unlink()
            return file
        self.malformed.append(fault)
        return saved

    def _scratch_file(self, number: int, name: str) -> Path:
        folder = self.scratch / f"saved-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def _with_columns(
        self, files: Sequence[Path], columns: Collection[str], columns_of: Callable[[Path], Collection[str]]
    ) -> list[Path]:
        whole = []
        for file in files:
            absent = [column for column in columns if column not in columns_of(file)]
            if absent:
                self.malformed.append(MalformedRecord(str(file), 0, f"lacks the column {', '.join(absent)}"))
            else:
                whole.append(file)
        if not whole:
            fault = self.malformed[-1]
            raise fail(fault.file, "", fault.reason, "put the source's files there as downloaded")
        return whole

    def parquet_columns(self, file: Path) -> list[str]:
        """The names of a Parquet file's columns."""
        rows = self.connection.execute(
            f"SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet({quoted([file])}))"
        )
        return [name for (name,) in rows.fetchall()]


def _csv_columns(file: Path) -> list[str]:
    import csv

    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return next(csv.reader(lines), [])


def _estimated_lines(file: Path) -> int:
    """About how many lines a file has, from its first megabytes."""
    size = file.stat().st_size
    with file.open("rb") as raw:
        if file.suffix != ".gz":
            head = raw.read(_ESTIMATED_FROM)
            return round(head.count(b"\n") * size / max(1, len(head)))
        with gzip.GzipFile(fileobj=raw) as unpacked:
            try:
                head = unpacked.read(_ESTIMATED_FROM)
            except EOFError:
                return size
            return round(head.count(b"\n") * size / max(1, raw.tell()))
