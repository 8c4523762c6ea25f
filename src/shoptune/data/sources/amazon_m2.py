r"""Amazon-M2: shopping sessions and products in six locales, as CSV or Parquet.

In the CSVs `prev_items` is a printed numpy array: `['B0..' 'B0..'\n 'B0..']`, no commas, wrapped over lines.

Tables: m2_sessions(key, locale, items, next_item), `items` being a list; m2_products(id, locale, language, title,
price, brand, color, size, model, material, author, description).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*sessions*.csv", "*sessions*.parquet", "*products*.csv", "*products*.parquet")

_SESSION = ("prev_items", "next_item", "locale")
_PRODUCT = ("id", "locale", "title", "price", "brand", "color", "size", "model", "material", "author", "desc")
_PRINTED_LIST = "regexp_extract_all(prev_items, '''([^'']+)''', 1)"
_LANGUAGE = """CASE locale WHEN 'UK' THEN 'en' WHEN 'DE' THEN 'de' WHEN 'FR' THEN 'fr' WHEN 'IT' THEN 'it'
               WHEN 'ES' THEN 'es' WHEN 'JP' THEN 'ja' END"""


def register(reader: SourceReader) -> None:
    """Create the source's tables; products may be absent, sessions not."""
    sessions, is_printed = _either(reader, "m2_sessions", reader.find(*FILES[:2]), _SESSION)
    reader.create(
        "m2_sessions",
        f"""
        SELECT md5(concat_ws('|', locale, array_to_string(items, ' '), next_item)) AS key, locale, items, next_item
        FROM (SELECT locale, {_PRINTED_LIST if is_printed else "prev_items"} AS items, next_item FROM {sessions})
        """,
        sample_by="key",
        partition_by="locale",
    )
    if files := reader.find(*FILES[2:], optional=True):
        products, _ = _either(reader, "m2_products", files, _PRODUCT)
        reader.create(
            "m2_products",
            f"""
            SELECT id, locale, title, TRY_CAST(price AS DOUBLE) AS price, brand, color, size, model, material, author,
                   "desc" AS description, {_LANGUAGE} AS language
            FROM {products}
            """,
            sample_by="id",
            partition_by="locale",
        )
        reader.count_missing(
            "sessions whose next item is not listed",
            """SELECT count(*) FROM m2_sessions AS sessions
               ANTI JOIN m2_products AS products ON products.id = next_item AND products.locale = sessions.locale""",
        )


def _either(reader: SourceReader, table: str, files: list[Path], columns: Sequence[str]) -> tuple[str, bool]:
    """The relation that holds a table's columns, and whether it was read from CSV, which is preferred over Parquet."""
    if tables := [file for file in files if file.suffix == ".csv"]:
        reader.csv(Table(table, tables, dict.fromkeys(columns, "VARCHAR")))
        return f"raw_{table}", True
    return reader.parquet(files, columns), False
