"""Attributes of product titles: AE-110K and OA-Mine, either or both.

AE-110K: `publish_data.txt`, lines of title, attribute and value between U+0001; a value of `NULL` says that the title
has none. OA-Mine: one `<category>.jsonl` a product category, lines of `title` and `entities`, each with `label` and
`value`.

Table: attributes(title, attribute, value), the attribute in lower case; `value` is null where the title has none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SEPARATOR = "\x01"


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's table."""
    files = find(directory, "*.txt", "*.jsonl")
    tables = [
        select([file for file in files if file.suffix == suffix])
        for suffix, select in ((".txt", _ae_110k), (".jsonl", _oa_mine))
        if any(file.suffix == suffix for file in files)
    ]
    connection.execute(f"""
        CREATE VIEW attributes AS
        SELECT DISTINCT trim(title) AS title, lower(trim(attribute)) AS attribute, nullif(trim(value), 'NULL') AS value
        FROM ({" UNION ALL ".join(tables)})
        """)


def _ae_110k(files: list[Path]) -> str:
    """Each line is read whole, as titles hold commas and quotes; a line of other than three parts is no fact."""
    return f"""
        SELECT parts[1] AS title, parts[2] AS attribute, parts[3] AS value
        FROM (SELECT string_split(line, '{_SEPARATOR}') AS parts
              FROM read_csv({quoted(files)}, columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x02',
                            quote = '', escape = ''))
        WHERE len(parts) = 3
        """


def _oa_mine(files: list[Path]) -> str:
    columns = "{title: 'VARCHAR', entities: 'STRUCT(label VARCHAR, value VARCHAR)[]'}"
    return f"""
        SELECT title, entity.label AS attribute, entity.value AS value
        FROM (SELECT title, unnest(entities) AS entity
              FROM read_json({quoted(files)}, columns = {columns}, format = 'newline_delimited'))
        """
