"""A teacher's tables: Parquet files written by `shoptune teach`, which recipes query as `teacher.NAME`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.data.readers.files import quoted
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.shopbench.provenance import PROVENANCE

STAGE = "teach"  # the stage that writes the tables
TABLE_FILE = "table.parquet"
SCHEMA = "teacher"  # of the tables in DuckDB
PRODUCT_TYPES, PHRASINGS, JUDGE = "product_types", "phrasings", "judge"
# The tables that shipped recipes fill, and the columns that a build needs; a table may have further columns.
COLUMNS: Mapping[str, Sequence[str]] = {
    PRODUCT_TYPES: ("parent_asin", "product_type"),
    "review_aspects": ("key", "aspect", "sentiment", "keyphrase"),
    PHRASINGS: ("task", "language", "phrasing"),
    "rationales": ("row_id", "question", "answer", "rationale"),
    "concepts": ("concept", "explanation"),
    "normalization": ("department", "concept", "name"),
    JUDGE: ("row_id", "correctness", "difficulty"),
}
_READ = re.compile(rf"\b{SCHEMA}\.([a-z][a-z0-9_]*)")
_WRITE_IT = "choose a folder written by `shoptune teach`"


@dataclass(frozen=True)
class TeacherTable:
    """One table.

    Attributes:
        name: the name under which recipes query it.
        folder: the artifact of `shoptune teach`.
        licence: the licence terms of the teacher, as its recipe states them.
    """

    name: str
    folder: Path
    licence: str

    @property
    def file(self) -> Path:
        """The Parquet file."""
        return self.folder / TABLE_FILE

    @property
    def relation(self) -> str:
        """SQL that reads the table."""
        return f"read_parquet({quoted([self.file.absolute()])})"

    def records(self) -> list[dict[str, Any]]:
        """Read the table into memory; for tables that are small."""
        import pyarrow.parquet as pq

        records: list[dict[str, Any]] = pq.read_table(self.file).to_pylist()
        return records

    def distinct(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The different values of some columns together, sorted."""
        import pyarrow.parquet as pq

        found = pq.read_table(self.file, columns=list(columns)).group_by(list(columns)).aggregate([])
        records: list[dict[str, Any]] = found.sort_by([(name, "ascending") for name in columns]).to_pylist()
        return records

    @classmethod
    def load(cls, folder: Path) -> TeacherTable:
        """Open the artifact of `shoptune teach`.

        Raises:
            ShoptuneError: the folder is not such an artifact, or its table lacks columns.
        """
        import pyarrow.parquet as pq

        if not folder.is_dir():
            raise fail("--teacher", "", f"no folder '{folder}'", "create it first with `shoptune teach`")
        manifest = read_manifest(folder) or {}
        if manifest.get("stage") != STAGE or not (folder / TABLE_FILE).is_file():
            raise fail(folder, "", "contains no teacher's table", _WRITE_IT)
        config = manifest["config"]
        table = cls(str(config["table"]), folder, str(config.get("licence") or ""))
        needed = (*COLUMNS.get(table.name, ()), *PROVENANCE)
        names = pq.read_schema(table.file).names
        if absent := [name for name in needed if name not in names]:
            what = f"the table '{table.name}' has no column {', '.join(absent)}"
            raise fail(table.file, "", what, "add them to the teacher's recipe")
        return table


@dataclass(frozen=True)
class TeacherTables:
    """The teacher's tables that a build takes, by name."""

    tables: Mapping[str, TeacherTable] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: Sequence[Path], taken: Sequence[str], file: Path) -> TeacherTables:
        """Open the tables in folders.

        Args:
            folders: artifacts of `shoptune teach`.
            taken: the names of the tables that the mixture takes.
            file: the mixture, for errors.

        Raises:
            ShoptuneError: a folder has no table, two have the same one, or the mixture does not take it.
        """
        found: dict[str, TeacherTable] = {}
        problems: list[Problem] = []
        for folder in folders:
            table = TeacherTable.load(folder)
            if table.name in found:
                what = f"is a second table '{table.name}', after {found[table.name].folder}"
                problems.append(Problem("--teacher", str(folder), what, "pass only one of them"))
            if table.name not in taken:
                what = f"the table '{table.name}' in {folder} is not taken by the mixture"
                remedy = nearest(table.name, taken, f"add it: --set teacher=[{', '.join([*taken, table.name])}]")
                problems.append(Problem(file, "teacher", what, remedy))
            found[table.name] = table
        if problems:
            raise ShoptuneError(problems)
        return cls.of(found.values())

    @classmethod
    def of(cls, tables: Iterable[TeacherTable]) -> TeacherTables:
        """Tables by their names."""
        return cls({table.name: table for table in sorted(tables, key=lambda table: table.name)})

    @property
    def folders(self) -> dict[str, Path]:
        """The folder of each table, by the table's name."""
        return {name: table.folder for name, table in self.tables.items()}

    def lacks(self, names: Iterable[str]) -> list[str]:
        """Which of some tables are missing, sorted."""
        return sorted(set(names) - self.tables.keys())


NO_TEACHER = TeacherTables()


def tables_read(query: str, views: Mapping[str, str]) -> set[str]:
    """The teacher's tables that a query reads, directly or through a recipe's views."""
    return {name for text in texts_read(query, views) for name in _READ.findall(text)}


def texts_read(query: str, views: Mapping[str, str]) -> list[str]:
    """A query and the queries of the recipe's views that it reads, directly or through others."""
    texts, left = [query], dict(views)
    for text in texts:  # grows
        texts.extend(left.pop(name) for name in list(left) if re.search(rf"\b{name}\b", text))
    return texts
