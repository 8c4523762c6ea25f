"""Attributes of product titles: AE-110K and OA-Mine, either or both.

AE-110K: `publish_data.txt`, lines of title, attribute and value between U+0001; a value of `NULL` says that the title
has none. OA-Mine: one `<category>.jsonl` per product category, lines of `title` and `entities`, each with `label` and
`value`.

Table: attributes(title, attribute, value), the attribute in lower case; `value` is null where the title has none.
"""

from __future__ import annotations

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*.txt", "*.jsonl")

_OA_MINE = {"title": "VARCHAR", "entities": "STRUCT(label VARCHAR, value VARCHAR)[]"}
# A line that does not have three parts states nothing.
_AE_110K = """
    SELECT parts[1] AS title, parts[2] AS attribute, parts[3] AS value
    FROM (SELECT string_split(line, '\x01') AS parts FROM raw_ae_110k)
    WHERE len(parts) = 3
    """


def register(reader: SourceReader) -> None:
    """Create the source's table."""
    files = reader.find(*FILES)
    ae_110k = [file for file in files if file.suffix == ".txt"]
    oa_mine = [file for file in files if file.suffix == ".jsonl"]
    parts = []
    if ae_110k:
        reader.lines("ae_110k", ae_110k)
        parts.append(_AE_110K)
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
