"""The records that a recipe selects, from ingested tables, rows, other teachers' tables and the data recipes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.config.shipped import shipped_root
from shoptune.data.readers.files import literal, quoted
from shoptune.data.readers.table_store import relation
from shoptune.data.recipe import RECIPES, load_tasks
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import SCHEMA, STAGE, TeacherTable
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.teach.check import Record
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.views import Sources, create_views, views_named

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

ROWS, TASKS = "rows", "tasks"
_TASKS = re.compile(rf"\b{TASKS}\b")
_TASK_COLUMNS = "task VARCHAR, kind VARCHAR, metric VARCHAR, track VARCHAR, language VARCHAR, prompts VARCHAR[]"


@dataclass(frozen=True)
class Tables:
    """Where a recipe's records come from.

    Attributes:
        folders: artifacts of `data ingest`, `data build` and `teach`.
        recipes: the folder of the data recipes, for the view `tasks`.
    """

    folders: Sequence[Path] = ()
    recipes: Path = field(default_factory=lambda: shipped_root() / RECIPES)

    def inputs(self, recipe: TeacherRecipe) -> dict[str, Path]:
        """Return everything that a recipe's records depend on."""
        found = {f"tables/{number}": folder for number, folder in enumerate(self.folders)}
        if _TASKS.search(recipe.records) or views_named(recipe.records):
            found |= {f"recipes/{file.name}": file for file in sorted(self.recipes.glob("*.yaml"))}
        return found


@contextmanager
def open_records(recipe: TeacherRecipe, file: Path, tables: Tables) -> Iterator[Records]:
    """Connect to the tables, and check the recipe's query and the columns that it names.

    Args:
        recipe: the recipe.
        file: its file, for errors.
        tables: where the records come from.

    Raises:
        ShoptuneError: a folder has no tables, the query is not valid, or its result lacks columns.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")  # the query below has ORDER BY
        for folder in tables.folders:
            _create_views(connection, folder)
        if _TASKS.search(recipe.records):
            _create_tasks(connection, tables.recipes)
        create_views(recipe.records, connection, Sources(tables.folders, tables.recipes))
        # From here on, queries can read nothing but the artifacts: other files are not inputs of the table.
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"SET allowed_directories = {quoted([folder.absolute() for folder in tables.folders])}")
        connection.execute("SET enable_external_access = false")
        records = Records(connection, recipe, file)
        records.check()
        yield records


@dataclass(frozen=True)
class Records:
    """The records of a recipe.

    Attributes:
        connection: a database with the tables.
        recipe: the recipe.
        file: its file, for errors.
    """

    connection: DuckDBPyConnection
    recipe: TeacherRecipe
    file: Path

    def check(self) -> None:
        """Check the query without running it.

        Raises:
            ShoptuneError: it is not valid, or lacks columns that the recipe names.
        """
        import duckdb

        try:
            columns = self.connection.sql(f"SELECT * FROM ({self.recipe.records})").columns
        except duckdb.Error as error:
            raise self._failed(error) from error
        named = [("key", name) for name in self.recipe.key]
        named += [("personal_data", name) for name in self.recipe.personal_data or ()]
        named += [(f"checks.{check.name}", name) for check in self.recipe.checks for name in check.record_columns]
        problems = [
            Problem(self.file, place, f"records have no column '{name}'", f"they have {', '.join(columns)}")
            for place, name in named
            if name not in columns
        ]
        if problems:
            raise ShoptuneError(problems)

    def count(self, limit: int | None) -> int:
        """Count the records."""
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM ({self.recipe.records})").fetchall()
        return min(int(count), limit or sys.maxsize)

    def key_types(self) -> dict[str, pa.DataType]:
        """Return the Arrow types of the key's columns."""
        schema = self.connection.sql(f"SELECT * FROM ({self.recipe.records}) LIMIT 0").to_arrow_table().schema
        return {name: schema.field(name).type for name in self.recipe.key}

    def batches(self, size: int, limit: int | None) -> Iterator[list[Record]]:
        """Yield the records in an order that depends on their keys alone, and looks random.

        The first records are therefore a sample of all, and the same whenever the query is run.

        Args:
            size: the number of records in a batch.
            limit: the most records to return, or None.

        Raises:
            ShoptuneError: the query fails, or two records have the same key.
        """
        import duckdb

        keys = ", ".join(f'"{name}"' for name in self.recipe.key)
        query = f"SELECT * FROM ({self.recipe.records}) ORDER BY md5(concat_ws(chr(31), {keys})), {keys}"
        query += f" LIMIT {limit}" if limit else ""
        before: list[Any] | None = None
        try:
            for batch in self.connection.sql(query).to_arrow_reader(size):
                records: list[Record] = batch.to_pylist()
                for record in records:
                    key = [record[name] for name in self.recipe.key]
                    if key == before:
                        what = f"two records have the key {', '.join(map(str, key))}"
                        raise fail(self.file, "key", what, "add columns to `key`, or GROUP BY the key in `records`")
                    before = key
                yield records
        except duckdb.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> ShoptuneError:
        what = str(error).strip().partition("\n")[0]
        return fail(self.file, "records", what, "correct the query, or pass the tables that it reads with --tables")


def _create_views(connection: DuckDBPyConnection, folder: Path) -> None:
    """Create a view for each table of an artifact."""
    stage = (read_manifest(folder) or {}).get("stage")
    if stage == STAGE:
        table = TeacherTable.load(folder)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        views = {f"{SCHEMA}.{table.name}": f"SELECT * FROM {table.relation}"}
    elif stage == "data":
        views = {ROWS: " UNION ALL ".join(_split(folder, split) for split in _splits(folder))}
    else:
        sources = [SourceTables.load(source.parent) for source in sorted(folder.glob("*/tables.json"))]
        if not sources:
            remedy = "choose an artifact of `shoptune data ingest`, `data build` or `teach`"
            raise fail(folder, "--tables", "contains no tables", remedy)
        views = {}
        for source in sources:
            for name, definition in source.macros.items():
                connection.execute(f"CREATE OR REPLACE MACRO {name}{definition}")
            views |= {name: relation(table, source.directory) for name, table in source.tables.items()}
            views |= source.views
    for name, query in views.items():
        try:
            connection.execute(f"CREATE VIEW {name} AS {query}")
        except Exception as error:
            what = str(error).strip().partition("\n")[0]
            raise fail(folder, "--tables", what, "pass each table only once") from error


def _splits(folder: Path) -> list[str]:
    return [split for split in ("train", "validation") if any(folder.glob(f"{split}-*.parquet"))]


def _split(folder: Path, split: str) -> str:
    files = [file.absolute() for file in sorted(folder.glob(f"{split}-*.parquet"))]
    return f"SELECT *, {literal(split)} AS split FROM read_parquet({quoted(files)})"


def _create_tasks(connection: DuckDBPyConnection, recipes: Path) -> None:
    """Create the table of data tasks: one row per task, with its English prompts."""
    connection.execute(f"CREATE TABLE {TASKS} ({_TASK_COLUMNS})")
    rows: list[Mapping[str, Any] | list[Any]] = [
        [
            str(task.recipe.name),
            task.recipe.kind.value,
            task.recipe.metric.value,
            task.recipe.track.value,
            str(task.recipe.language),
            [str(prompt) for prompt in task.recipe.prompts],
        ]
        for task in load_tasks(recipes).values()
    ]
    connection.executemany(f"INSERT INTO {TASKS} VALUES (?, ?, ?, ?, ?, ?)", rows)
