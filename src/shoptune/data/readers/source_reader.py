"""Read a source's raw files into DuckDB. Malformed records are set aside with their place; the rest is kept.

JSON and CSV become tables named `raw_<name>`, so that each file is parsed once; Parquet is queried where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import AS_DOWNLOADED, csv_columns, find, none_found, quoted, refuse_lfs_pointers
from shoptune.data.readers.malformed import MalformedRecord, bad_lines, line_at, listed, save_lines, save_objects
from shoptune.data.readers.table import Table, identifier
from shoptune.data.readers.table_store import StoredTable, TableStore
from shoptune.errors import fail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass
class SourceReader:
    """Reads the files of one source, or of one partition of it.

    Attributes:
        connection: the database to read into.
        directory: the source's folder.
        store: where the tables that recipes query are stored.
        scratch: a folder for what is recovered of broken files.
        files: the files of the partition to read, or None for all files in the folder.
        most: the most records to read of each table, for a quick look, or None.
        malformed: the parts of files that were set aside.
        missing: by description, the number of records without a partner in another table.
        created: the tables that recipes query.
        views: SQL over those tables, for joins that are computed when they are needed.
        macros: SQL macros that recipes may use.
    """

    connection: DuckDBPyConnection
    directory: Path
    store: TableStore
    scratch: Path
    files: Collection[Path] | None = None
    most: int | None = None
    malformed: list[MalformedRecord] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    created: dict[str, StoredTable] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)

    def find(self, *patterns: str, optional: bool = False) -> list[Path]:
        """The files that match any of the patterns, sorted by path.

        Raises:
            ShoptuneError: there are none and they are not optional, or a file is a Git LFS pointer.
        """
        files = [file for file in find(self.directory, *patterns) if self.files is None or file in self.files]
        if not files and not optional:
            raise none_found(self.directory, *patterns)
        refuse_lfs_pointers(files)
        return files

    def json_lines(self, table: Table) -> None:
        """Create a raw table from `.jsonl` files, gzipped or not; a value of another type becomes null."""
        import duckdb

        def read(files: Sequence[Path]) -> str:
            options = f"columns = {table.listed}, format = 'newline_delimited', ignore_errors = true, filename = true"
            return f"read_json({quoted(files)}, maximum_object_size = 67108864, {options})"

        try:
            self._load(table, read(table.files))
        except (duckdb.IOException, duckdb.InvalidInputException):
            self._load(table, read([self._saved(file) for file in table.files]))
        self._set_malformed_lines_aside(table)

    def json_array(self, table: Table) -> None:
        """Create a raw table from files that each hold one JSON array of objects; broken objects are set aside."""
        import duckdb

        options = f"columns = {table.listed}, format = 'array', filename = true, maximum_object_size = 67108864"
        try:
            self._load(table, f"read_json({quoted(table.files)}, {options})")
        except duckdb.Error:
            saved = [self._scratch_file(number, file) for number, file in enumerate(table.files)]
            for file, copy in zip(table.files, saved, strict=True):
                self.malformed += listed(save_objects(file, copy, table.expected), file)
            self.json_lines(Table(table.name, saved, table.columns, table.required))
        else:
            self._set_malformed_objects_aside(table)

    def csv(self, table: Table, *, header: bool = True, delimiter: str = ",") -> None:
        """Create a raw table from CSV files; lines of another shape and files that lack a column are set aside.

        Raises:
            ShoptuneError: no file is left.
        """
        import duckdb

        columns = partial(csv_columns, delimiter=delimiter)
        files = self._with_columns(table.files, table.columns, columns) if header else table.files
        given = f"columns = {table.listed}, header = {header}, delim = '{delimiter}', quote = '\"', escape = '\"'"
        query = f"read_csv({quoted(files)}, {given}, store_rejects = true, filename = true"
        try:
            self._load(table, f"{query})")
        except duckdb.InvalidInputException:  # DuckDB looks for a format all the same, and a malformed line confuses it
            self._load(table, f"{query}, auto_detect = false)")
        self._set_rejected_lines_aside()

    def lines(self, table: str, files: Sequence[Path]) -> None:
        """Create a raw table with one column, `line`, from text files."""
        columns = Table(table, files, {"line": "VARCHAR"})
        options = f"columns = {columns.listed}, header = false, delim = '\x02', quote = '', escape = ''"
        self._load(columns, f"read_csv({quoted(files)}, {options}, store_rejects = true, filename = true)")
        self._set_rejected_lines_aside()

    def parquet(self, files: Sequence[Path], columns: Collection[str]) -> str:
        """SQL that reads Parquet files; files that cannot be read or lack a column are set aside.

        Raises:
            ShoptuneError: no file is left.
        """
        whole = self._with_columns(files, columns, self.parquet_columns)
        rows = f"SELECT * FROM read_parquet({quoted(whole)})"
        return f"({rows}{f' LIMIT {self.most}' if self.most else ''})"

    def set_aside(self, table: str, condition: str, reason: str) -> None:
        """Remove records of a raw table, for example `("things", "id IS NULL", "no id")`; reported once per file."""
        query = f"SELECT filename, count(*) FROM raw_{table} WHERE {condition} GROUP BY filename ORDER BY filename"
        for file, count in self.connection.execute(query).fetchall():
            self.malformed.append(MalformedRecord(file, 0, f"{count} records: {reason}", records=count))
        self.connection.execute(f"DELETE FROM raw_{table} WHERE {condition}")

    def create(self, name: str, query: str, *, sample_by: str | None = None, partition_by: str | None = None) -> None:
        """Create a table that recipes query, from the raw tables and files.

        Args:
            name: the table's name.
            query: SQL over the raw tables and files; it runs once.
            sample_by: the column whose values a sample keeps or drops as a whole, for example all reviews of a user.
            partition_by: the column with one file per value.
        """
        self.created[name] = self.store.write(self.connection, name, query, sample_by, partition_by)

    def keep_with(self, name: str, other: str) -> None:
        """Let samples of a table take the records first whose value of `sample_by` another table has."""
        self.created[name] = replace(self.created[name], kept_with=other)

    def join(self, name: str, query: str) -> None:
        """Create a view over created tables, which is computed when a recipe needs it instead of being stored."""
        self.connection.execute(f"CREATE VIEW {name} AS {query}")
        self.views[name] = query

    def macro(self, name: str, definition: str) -> None:
        """Create a SQL macro that recipes may use too, for example `macro("half", "(number) AS number / 2")`."""
        self.connection.execute(f"CREATE MACRO {name}{definition}")
        self.macros[name] = definition

    def count_missing(self, what: str, query: str) -> None:
        """Count records without a partner; `query` gives their number."""
        found = self.connection.execute(query).fetchone()
        if found and found[0]:
            self.missing[what] = int(found[0])

    def parquet_columns(self, file: Path) -> list[str]:
        """The column names of a Parquet file; a file that cannot be read is set aside and has none."""
        import duckdb

        query = f"SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet({quoted([file])}))"
        try:
            return [name for (name,) in self.connection.execute(query).fetchall()]
        except duckdb.Error as error:
            problem = MalformedRecord(str(file), 0, f"cannot be read ({str(error).strip().partition(chr(10))[0]})")
            if problem not in self.malformed:
                self.malformed.append(problem)
            return []

    def _load(self, table: Table, reader: str) -> None:
        columns = {**table.columns, "filename": "VARCHAR"}
        limit = f"LIMIT {self.most}" if self.most else ""
        query = f"SELECT {', '.join(map(identifier, columns))} FROM {reader} {limit}"
        if not table.files:
            typed = [f"NULL::{kind} AS {identifier(name)}" for name, kind in columns.items()]
            query = f"SELECT {', '.join(typed)} WHERE false"
        self.connection.execute(f"CREATE OR REPLACE TABLE raw_{table.name} AS {query}")

    def _set_malformed_lines_aside(self, table: Table) -> None:
        for file in self._files_with_malformed_records(table):
            self.malformed += listed(bad_lines(file, table.expected), file)
        self.connection.execute(f"DELETE FROM raw_{table.name} WHERE {table.is_malformed}")

    def _set_malformed_objects_aside(self, table: Table) -> None:
        for number, file in enumerate(self._files_with_malformed_records(table)):
            self.malformed += listed(save_objects(file, self._scratch_file(number, file), table.expected), file)
        self.connection.execute(f"DELETE FROM raw_{table.name} WHERE {table.is_malformed}")

    def _files_with_malformed_records(self, table: Table) -> list[Path]:
        query = f"SELECT DISTINCT filename FROM raw_{table.name} WHERE {table.is_malformed} ORDER BY filename"
        return [Path(name) for (name,) in self.connection.execute(query).fetchall()]

    def _set_rejected_lines_aside(self) -> None:
        rejects = self.connection.execute("""
            SELECT DISTINCT ON (file_path, line) file_path, line_byte_position, error_message, csv_line
            FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY file_path, line, error_message
            """).fetchall()
        self.malformed += [
            MalformedRecord(file, line_at(Path(file), place), reason.partition("\n")[0], str(text)[:400])
            for file, place, reason, text in rejects
        ]
        self.connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")

    def _saved(self, file: Path) -> Path:
        """The file itself if it is whole, else a copy of its whole lines."""
        saved = self._scratch_file(len(self.malformed), file)
        problem = save_lines(file, saved)
        if problem is None:
            saved.unlink()
            return file
        self.malformed.append(problem)
        return saved

    def _scratch_file(self, number: int, file: Path) -> Path:
        """Where to save what is left of a file; its folder and its name, without `.gz`, stay the same."""
        folder = self.scratch / f"saved-{number}" / file.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder / file.name.removesuffix(".gz")

    def _with_columns(
        self, files: Sequence[Path], columns: Collection[str], columns_of: Callable[[Path], Collection[str]]
    ) -> list[Path]:
        whole = []
        for file in files:
            found = columns_of(file)
            absent = [column for column in columns if column not in found]
            if not absent:
                whole.append(file)
            elif str(file) not in [problem.file for problem in self.malformed]:
                self.malformed.append(MalformedRecord(str(file), 0, f"lacks the column {', '.join(absent)}"))
        if not whole:
            problem = self.malformed[-1]
            raise fail(problem.file, "", problem.reason, AS_DOWNLOADED)
        return whole
