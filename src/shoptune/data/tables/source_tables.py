"""The tables of one source on disk: Parquet files, and what was found while reading the raw files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shoptune.data.readers.malformed import MalformedRecord
from shoptune.data.readers.table_store import StoredTable
from shoptune.errors import fail

_CONTENTS = "tables.json"
_MALFORMED = "malformed.jsonl"


@dataclass(frozen=True)
class SourceTables:
    """The tables of a source, or of one partition of it.

    Attributes:
        directory: the folder that the tables' files are in.
        tables: the stored tables, by name.
        views: SQL over them, by name.
        macros: SQL macros that recipes may use, by name.
        missing: by description, the number of records without a partner in another table.
        malformed: the parts of raw files that were set aside.
    """

    directory: Path
    tables: Mapping[str, StoredTable]
    views: Mapping[str, str]
    macros: Mapping[str, str]
    missing: Mapping[str, int]
    malformed: Sequence[MalformedRecord]

    def save(self) -> None:
        """Write everything but the tables themselves."""
        self.directory.mkdir(parents=True, exist_ok=True)
        contents = {
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "views": self.views,
            "macros": self.macros,
            "missing": self.missing,
        }
        (self.directory / _CONTENTS).write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
        lines = [json.dumps(asdict(record), ensure_ascii=False) + "\n" for record in self.malformed]
        (self.directory / _MALFORMED).write_text("".join(lines), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> SourceTables:
        """Read back what `save` wrote.

        Raises:
            ShoptuneError: the folder contains no tables.
        """
        file = directory / _CONTENTS
        if not file.is_file():
            raise fail(directory, "", f"contains no {_CONTENTS}", "choose a folder written by `shoptune data ingest`")
        contents = json.loads(file.read_text(encoding="utf-8"))
        tables = {
            name: StoredTable(**{**table, "files": tuple(table["files"])}) for name, table in contents["tables"].items()
        }
        lines = (directory / _MALFORMED).read_text(encoding="utf-8").splitlines()
        malformed = [MalformedRecord(**json.loads(line)) for line in lines]
        return cls(directory, tables, contents["views"], contents["macros"], contents["missing"], malformed)


def merged(directory: Path, parts: Sequence[SourceTables]) -> SourceTables:
    """The tables of a source from those of its partitions."""
    tables: dict[str, StoredTable] = {}
    missing: dict[str, int] = {}
    for part in parts:
        for name, table in part.tables.items():
            so_far = tables.get(name, replace(table, files=(), rows=0))
            tables[name] = replace(table, files=so_far.files + table.files, rows=so_far.rows + table.rows)
        for what, count in part.missing.items():
            missing[what] = missing.get(what, 0) + count
    views = {name: query for part in parts for name, query in part.views.items()}
    macros = {name: definition for part in parts for name, definition in part.macros.items()}
    malformed = [record for part in parts for record in part.malformed]
    return SourceTables(directory, tables, views, macros, missing, malformed)
