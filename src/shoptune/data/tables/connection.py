"""Connections to DuckDB for the queries of a build."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def open_connection(scratch: Path) -> DuckDBPyConnection:
    """A connection that keeps what does not fit into memory in a folder of its own below the scratch folder.

    Args:
        scratch: created if it does not exist.
    """
    import duckdb

    scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    spill = scratch / f"spill-{platform.node()}-{os.getpid()}"
    connection.execute(f"SET temp_directory = {quoted([spill])[1:-1]}")
    return connection
