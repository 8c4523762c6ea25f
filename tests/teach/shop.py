"""A few products as ingested tables, and recipes about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import yaml

from shoptune.data.readers.table_store import TableStore
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import TABLE_FILE
from shoptune.stage import run
from shoptune.teach.files import CALLS, REJECTED, SUMMARY
from shoptune.teach.stage import TEACH, Arguments, Options, load

PRODUCTS = [
    ("a", "Red kettle, 2 l", "kettle"),
    ("b", "Garden hose", "hose"),
    ("c", "Blue kettle", "kettle"),
    ("d", "Garden hose", "hose"),
]
RECIPE: dict[str, Any] = {
    "table": "names",
    "records": "SELECT sku, title FROM products",
    "key": ["sku"],
    "system": "You name products.",
    "prompt": "Name this product.\n{{ quoted(title) }}\n",
    "answer": {"type": "object", "properties": {"name": {"type": "string", "minLength": 2}}},
    "sampling": {"max_tokens": 20},
}


def store(
    folder: Path, rows: Sequence[Sequence[Any]], columns: str = "sku VARCHAR, title VARCHAR, type VARCHAR"
) -> Path:
    """Write an artifact with one table, `products`, as `shoptune data ingest` does."""
    source = folder / "shop"
    source.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE raw_products ({columns})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO raw_products VALUES ({marks})", rows)
        stored = TableStore(source, "shop").write(connection, "products", "SELECT * FROM raw_products", None, None)
    SourceTables(source, {"products": stored}, {}, {}, {}, []).save()
    return folder


@dataclass
class Taught:
    """A finished table."""

    folder: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(self.folder / TABLE_FILE).to_pylist()
        return found

    @property
    def rejected(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / REJECTED).read_text().splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / SUMMARY).read_text()))

    @property
    def calls(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / CALLS).read_text()))

    def bytes(self) -> dict[str, bytes]:
        """The files that do not depend on when answers were asked for."""
        return {name: (self.folder / name).read_bytes() for name in (TABLE_FILE, REJECTED, SUMMARY)}


@dataclass
class Shop:
    """Runs recipes about the products."""

    folder: Path
    tables: Path
    made: list[Path] = field(default_factory=list)

    def write(self, url: str, changes: Mapping[str, Any]) -> Path:
        """Write the recipe; keys of `backend` are added to those of the endpoint."""
        endpoint = {"kind": "openai", "url": url, "max_retries": 0, **changes.get("backend", {})}
        file = self.folder / "names.yaml"
        file.write_text(yaml.safe_dump({**RECIPE, **changes, "backend": endpoint}, sort_keys=False))
        return file

    def arguments(self, url: str, limit: int | None = None, local_only: bool = False, **changes: Any) -> Arguments:
        """The arguments of the command."""
        options = Options(limit, self.folder / "cache", local_only)
        return Arguments(self.write(url, changes), [self.tables], "m", options)

    def teach(self, url: str, limit: int | None = None, local_only: bool = False, **changes: Any) -> Taught:
        """Run the stage into a new folder."""
        out = self.folder / f"out-{len(self.made)}"
        self.made.append(out)
        run(TEACH, load(self.arguments(url, limit, local_only, **changes)), out)
        return Taught(out)
