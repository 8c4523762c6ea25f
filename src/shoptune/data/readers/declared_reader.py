"""Read the tables that a recipe declares: formats from file names, types inferred by DuckDB unless declared."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shoptune.data.readers.declared_tables import DeclaredTable, DeclaredTables, format_of
from shoptune.data.readers.files import literal, quoted
from shoptune.data.readers.malformed import Expected, MalformedRecord, listed, save_objects
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table, identifier
from shoptune.data.readers.text_files import BOM, FILENAME, beginning, header, open_binary, unusable
from shoptune.errors import fail

_SAMPLE = 20_480  # rows to infer types from; as many as DuckDB looks at
_JSON = "maximum_object_size = 67108864, union_by_name = true"


class _AnyObject(Expected):
    """Any JSON object is a record, as long as the columns are not known."""

    def problem(self, value: Any) -> str:
        return "" if isinstance(value, dict) and value else "not a JSON object with fields"


def read_declared(reader: SourceReader, declared: DeclaredTables) -> None:
    """Create the declared tables.

    Raises:
        ShoptuneError: a declared column or type does not exist, or a table cannot be read.
    """
    import duckdb

    for name, table in declared.tables.items():
        reading = _Reading(reader, declared.recipe, name, table)
        try:
            reading.create()
        except duckdb.Error as error:
            what = str(error).strip().partition("\n")[0]
            for copy, original in reading.originals.items():
                what = what.replace(copy, original)
            raise fail(declared.recipe, f"tables.{name}", what, "declare the types of its columns") from error
        finally:
            reader.malformed[:] = [
                replace(record, file=reading.originals.get(record.file, record.file)) for record in reader.malformed
            ]


@dataclass
class _Reading:
    """Reads one table.

    Attributes:
        originals: by the path of a decompressed or repaired copy, the file that it was made from.
    """

    reader: SourceReader
    recipe: Path
    name: str
    table: DeclaredTable
    originals: dict[str, str] = field(default_factory=dict)

    def create(self) -> None:
        self._check_types()
        selects: list[str] = []
        seen: set[str] = set()
        for columns, relation in self._parts():
            seen.update(columns)
            names = ", ".join(
                f"CAST({identifier(c)} AS {self.table.columns[c]}) AS {identifier(c)}"
                if c in self.table.columns
                else identifier(c)
                for c in columns
            )
            selects.append(f"SELECT {names} FROM {relation}")
        if not selects:
            first = next((f" ({m.file}: {m.reason})" for m in self.reader.malformed), "")
            raise self._fail("files", f"none of its files can be read{first}", "correct the files")
        wanted = [*self.table.columns, *filter(None, [self.table.sample_by])]
        if absent := [column for column in wanted if column not in seen]:
            raise self._fail("columns", f"no file has the column '{absent[0]}'", f"valid: {', '.join(sorted(seen))}")
        self.reader.create(self.name, " UNION ALL BY NAME ".join(selects), sample_by=self.table.sample_by)

    def _parts(self) -> Iterator[tuple[Sequence[str], str]]:
        """The files in groups of the same shape: column names, and the SQL relation that holds their records."""
        by_format: dict[str, list[Path]] = {}
        for file in self.table.files:
            kind, readable = self._readable(file)
            by_format.setdefault(kind, []).append(readable)
        for kind, files in by_format.items():
            if kind == ".parquet":
                yield from self._parquet(files)
            elif kind in {".csv", ".tsv"}:
                yield from self._csv(kind, files)
            else:
                yield from self._json(kind, files)

    def _parquet(self, files: Sequence[Path]) -> Iterator[tuple[Sequence[str], str]]:
        groups: dict[tuple[str, ...], list[Path]] = {}
        for file in files:
            if found := self.reader.parquet_columns(file):
                groups.setdefault(tuple(found), []).append(file)
        for columns, alike in groups.items():
            yield columns, self.reader.parquet(alike, columns)

    def _csv(self, kind: str, files: Sequence[Path]) -> Iterator[tuple[Sequence[str], str]]:
        groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
        for file in files:
            delimiter, columns = header(file, kind)
            if not columns:
                self.reader.malformed.append(MalformedRecord(str(file), 0, "holds no header"))
                continue
            if problem := unusable(columns):
                original = self.originals.get(str(file), str(file))
                raise fail(original, "line 1", problem, "give every column a name of its own")
            groups.setdefault((delimiter, columns), []).append(file)
        for number, ((delimiter, columns), alike) in enumerate(groups.items()):
            options = f"header = true, delim = '{delimiter}', quote = '\"', escape = '\"', ignore_errors = true"
            inferred = self._inferred_csv(alike, options, columns)
            # By place: DuckDB renames columns that differ in case only.
            types = dict(zip(columns, inferred.values(), strict=True)) | self._declared(columns)
            table = Table(f"{self.name}_csv{number}", alike, types)
            self.reader.csv(table, delimiter=delimiter)
            yield columns, f"raw_{table.name}"

    def _json(self, kind: str, files: Sequence[Path]) -> Iterator[tuple[Sequence[str], str]]:
        import duckdb

        is_array = kind == "array"
        options = "format = 'array'" if is_array else "format = 'newline_delimited', ignore_errors = true"
        try:
            inferred = self._inferred(f"read_json({quoted(files)}, {options}, {_JSON})")
        except (duckdb.IOException, duckdb.InvalidInputException):  # a broken array or a file that is cut short
            files = [self._as_lines(file) if is_array else self._decompressed(file) for file in files]
            options, is_array = "format = 'newline_delimited', ignore_errors = true", False
            inferred = self._inferred(f"read_json({quoted(files)}, {options}, {_JSON})")
        if list(inferred) == ["json"]:  # what DuckDB returns when no line is an object
            self.reader.malformed += [MalformedRecord(str(file), 0, "holds no JSON object") for file in files]
            return
        if FILENAME in inferred:
            raise self._fail("files", f"the records have a field '{FILENAME}', which is reserved", "rename the field")
        table = Table(f"{self.name}_{kind.strip('.')}", files, inferred | self._declared(inferred))
        (self.reader.json_array if is_array else self.reader.json_lines)(table)
        yield list(table.columns), f"raw_{table.name}"

    def _inferred_csv(self, files: Sequence[Path], options: str, columns: Sequence[str]) -> dict[str, str]:
        import duckdb

        try:
            return self._inferred(f"read_csv({quoted(files)}, {options}, union_by_name = true)")
        except duckdb.InvalidInputException:  # a malformed line hides the format: infer from the others
            texts = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
            lines = f"read_csv({quoted(files)}, {options}, auto_detect = false, columns = {{{texts}}})"
            sound = self._copy_of(files[0], "sound.csv")
            self.reader.connection.execute(
                f"COPY (SELECT * FROM {lines} LIMIT {_SAMPLE}) TO {literal(sound)} (HEADER, DELIMITER ',')"
            )
            return self._inferred(
                f"read_csv({literal(sound)}, header = true, delim = ',', quote = '\"', escape = '\"')"
            )

    def _declared(self, columns: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
        return {name: kind for name, kind in self.table.columns.items() if name in columns}

    def _inferred(self, relation: str) -> dict[str, str]:
        """Names and types of a relation's columns."""
        described = self.reader.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        return {str(name): str(kind) for name, kind, *_ in described}

    def _check_types(self) -> None:
        import duckdb

        for column, kind in self.table.columns.items():
            try:
                self.reader.connection.execute(f"SELECT CAST(NULL AS {kind})")
            except duckdb.Error as error:
                what = f"'{kind}' is not a type of DuckDB"
                raise self._fail(f"columns.{column}", what, "write for example VARCHAR, BIGINT or DOUBLE") from error

    def _readable(self, file: Path) -> tuple[str, Path]:
        """The format of a file, and the file or a copy that DuckDB can read.

        JSON lines with gzip are read as they are; CSV with gzip is copied, since its rejected lines are looked up.
        """
        kind = format_of(file)
        compressed = file.suffix in {".gz", ".zst"}
        is_text = kind != ".parquet"
        start = beginning(file) if is_text else b""
        if start.startswith(BOM) or (compressed and (file.suffix == ".zst" or kind not in {".jsonl", ".ndjson"})):
            file = self._decompressed(file)
        if kind == ".json":
            return ("array" if start.removeprefix(BOM).lstrip()[:1] == b"[" else ".jsonl"), file
        return (".jsonl" if kind == ".ndjson" else kind), file

    def _decompressed(self, file: Path) -> Path:
        """A decompressed copy without a byte-order mark; a file that is cut short is copied as far as it goes."""
        copy = self._copy_of(file, Path(file.stem).name if file.suffix in {".gz", ".zst"} else file.name)
        with copy.open("wb") as out:
            try:
                with open_binary(file) as raw:
                    out.write(raw.read(len(BOM)).removeprefix(BOM))
                    read = getattr(raw, "read1", raw.read)  # gives what comes before the damage, which `read` loses
                    while block := read(1 << 20):
                        out.write(block)
            except (EOFError, OSError, zlib.error) as error:
                reason = f"the file is cut short or damaged ({str(error).partition(chr(10))[0]})"
                self.reader.malformed.append(MalformedRecord(str(file), 0, reason))
        return copy

    def _as_lines(self, file: Path) -> Path:
        """The well-formed objects of a JSON array, as JSON lines."""
        copy = self._copy_of(file, f"{file.name}.jsonl")
        self.reader.malformed += listed(save_objects(file, copy, _AnyObject((), ())), file)
        return copy

    def _copy_of(self, file: Path, name: str) -> Path:
        folder = self.reader.scratch / f"copy-{self.name}-{len(self.originals)}"
        folder.mkdir(parents=True)
        self.originals[str(folder / name)] = self.originals.get(str(file), str(file))
        return folder / name

    def _fail(self, key: str, what: str, remedy: str) -> Exception:
        return fail(self.recipe, f"tables.{self.name}.{key}", what, remedy)
