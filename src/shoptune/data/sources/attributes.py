"""Attributes of product titles: AE-110K and OA-Mine, either or both.

AE-110K: `publish_data.txt`, lines of title, attribute and value between U+0001; a value of `NULL` says that the title
has none. OA-Mine: one `<category>.jsonl` a product category, lines of `title` and `entities`, each with `label` and
`value`.

Table: attributes(title, attribute, value), the attribute in lower case; `value` is null where the title has none.
"""

from __future__ import annotations

from pathlib import Path

from shoptune.data.readers.files import find, quoted
from shoptune.data.readers.source_reader import SourceReader, Table

FILES = ("*.txt", "*.jsonl")

_OA_MINE = {"title": "VARCHAR", "entities": "STRUCT(label VARCHAR, value VARCHAR)[]"}
_SEPARATOR = "\x01"


def register(reader: SourceReader, directory: Path) -> None:
    """Create the source's table."""
    files = find(directory, *FILES)
    ae_110k = [file for file in files if file.suffix == ".txt"]
    oa_mine = [file for file in files if file.suffix == ".jsonl"]
    parts = []
    if ae_110k:
        parts.append(_facts(ae_110k))
    if oa_mine:
        reader.json_lines(Table("oa_mine", oa_mine, _OA_MINE, ("title",)))
        parts.append("""
            SELECT title, entity.label AS attribute, entity.value AS value
            FROM (SELECT title, unnest(entities) AS entity FROM raw_oa_mine)
            """)
    reader.create(
        "attributes",
        f"""
        SELECT DISTINCT trim(title) AS title, lower(trim(attribute)) AS attribute, nullif(trim(value), 'NULL') AS value
        FROM ({" UNION ALL ".join(parts)})
        """,
    )


def _facts(files: list[Path]) -> str:
    """Each line is read whole, as titles hold commas and quotes; a line of other than three parts is no fact."""
    return f"""
        SELECT parts[1] AS title, parts[2] AS attribute, parts[3] AS value
        FROM (SELECT string_split(line, '{_SEPARATOR}') AS parts
              FROM read_csv({quoted(files)}, columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x02',
                            quote = '', escape = ''))
        WHERE len(parts) = 3
        """
