"""Alpaca-Cleaned: a JSON array of `instruction`, `input` (may be empty) and `output`.

Table: alpaca(key, instruction, input, output), each row once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's table."""
    connection.execute(f"""
        CREATE VIEW alpaca AS
        SELECT md5(concat_ws('|', instruction, input, output)) AS key, instruction, input, output
        FROM (SELECT DISTINCT *
              FROM read_json({quoted(find(directory, "*.json"))},
                             columns = {{instruction: 'VARCHAR', input: 'VARCHAR', output: 'VARCHAR'}}))
        """)
