"""Read one source's files into a database, as an ingest does."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from shoptune.data import sources
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table_store import TableStore


def read_source(source: str, database: duckdb.DuckDBPyConnection, raw: Path, scratch: Path) -> SourceReader:
    """Create the tables of a source whose folder lies in a raw folder; other files are written into `scratch`."""
    out = Path(tempfile.mkdtemp(dir=scratch))
    reader = SourceReader(database, raw / source, TableStore(out / "tables", source), out / "scratch")
    sources.register(source, reader)
    return reader
