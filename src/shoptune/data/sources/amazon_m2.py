r"""Amazon-M2: shopping sessions and products in six locales, as CSV or Parquet.

In the CSVs `prev_items` is a printed numpy array: `['B0..' 'B0..'\n 'B0..']`, no commas, wrapped over lines.

Tables: m2_sessions(key, locale, items, next_item), `items` being a list; m2_products(id, locale, language, title,
price, brand, color, size, model, material, author, description).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PRODUCT_COLUMNS = ("id", "locale", "title", "price", "brand", "color", "size", "model", "material", "author", "desc")
_LANGUAGE = """CASE locale WHEN 'UK' THEN 'en' WHEN 'DE' THEN 'de' WHEN 'FR' THEN 'fr' WHEN 'IT' THEN 'it'
               WHEN 'ES' THEN 'es' WHEN 'JP' THEN 'ja' END"""


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's tables; products may be absent, sessions not."""
    connection.execute(f"""
        CREATE VIEW m2_sessions AS
        SELECT md5(concat_ws('|', locale, array_to_string(items, ' '), next_item)) AS key, locale, items, next_item
        FROM ({_sessions(find(directory, "*sessions*.csv", "*sessions*.parquet"))})
        """)
    products = [
        file for pattern in ("*products*.csv", "*products*.parquet") for file in sorted(directory.rglob(pattern))
    ]
    if products:
        connection.execute(f"""
            CREATE VIEW m2_products AS
            SELECT * REPLACE (TRY_CAST(price AS DOUBLE) AS price), {_LANGUAGE} AS language
            FROM ({_products(products)})
            """)


def _sessions(files: list[Path]) -> str:
    """CSV is preferred where a session file exists in both forms."""
    tables = [file for file in files if file.suffix == ".csv"]
    if tables:
        columns = "{'prev_items': 'VARCHAR', 'next_item': 'VARCHAR', 'locale': 'VARCHAR'}"
        return f"""
            SELECT locale, regexp_extract_all(prev_items, '''([^'']+)''', 1) AS items, next_item
            FROM read_csv({quoted(tables)}, columns = {columns}, header = true, quote = '"', escape = '"')
            """
    return f"SELECT locale, prev_items AS items, next_item FROM read_parquet({quoted(files)})"


def _products(files: list[Path]) -> str:
    names = ", ".join('"desc" AS description' if name == "desc" else name for name in _PRODUCT_COLUMNS)
    tables = [file for file in files if file.suffix == ".csv"]
    if tables:
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in _PRODUCT_COLUMNS)
        return f"""
            SELECT {names} FROM read_csv({quoted(tables)}, columns = {{{columns}}}, header = true, quote = '"',
                                         escape = '"')
            """
    return f"SELECT {names} FROM read_parquet({quoted(files)})"
