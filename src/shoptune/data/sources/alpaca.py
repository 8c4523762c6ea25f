"""Alpaca-Cleaned: a JSON array of `instruction`, `input` (may be empty) and `output`.

Table: alpaca(key, instruction, input, output).
"""

from __future__ import annotations

from pathlib import Path

from shoptune.data.readers.files import find
from shoptune.data.readers.source_reader import SourceReader, Table

FILES = ("*.json",)

_COLUMNS = {"instruction": "VARCHAR", "input": "VARCHAR", "output": "VARCHAR"}


def register(reader: SourceReader, directory: Path) -> None:
    """Create the source's table."""
    reader.json_array(Table("alpaca", find(directory, *FILES), _COLUMNS, tuple(_COLUMNS)))
    reader.create(
        "alpaca",
        """
        SELECT md5(concat_ws('|', instruction, input, output)) AS key, instruction, input, output
        FROM (SELECT DISTINCT instruction, input, output FROM raw_alpaca)
        """,
    )
