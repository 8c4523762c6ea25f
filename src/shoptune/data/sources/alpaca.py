"""Alpaca-Cleaned: a JSON array of `instruction`, `input` (may be empty) and `output`.

Table: alpaca(key, instruction, input, output).
"""

from __future__ import annotations

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*.json",)

_COLUMNS = {"instruction": "VARCHAR", "input": "VARCHAR", "output": "VARCHAR"}


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    reader.json_array(Table("alpaca", reader.find(*FILES), _COLUMNS, ("instruction", "output")))
    reader.create(
        "alpaca",
        """
        SELECT md5(concat_ws('|', instruction, input, output)) AS key, instruction, input, output
        FROM (SELECT DISTINCT instruction, input, output FROM raw_alpaca)
        """,
    )
