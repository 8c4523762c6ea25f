"""ESCI, the Shopping Queries data set: judgements of products for queries, in two Parquet files.

Tables: esci_judgements(query_id, query, locale, product_id, label, split), with label E, S, C or I;
esci_products(product_id, locale, title, description, bullets, brand, color, language);
esci_judged, the two joined.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's tables."""
    judgements = quoted(find(directory, "*examples*.parquet"))
    products = quoted(find(directory, "*products*.parquet"))
    connection.execute(f"""
        CREATE VIEW esci_judgements AS
        SELECT query_id, query, product_locale AS locale, product_id, esci_label AS label, split
        FROM read_parquet({judgements});
        CREATE VIEW esci_products AS
        SELECT product_id, product_locale AS locale, product_title AS title, product_description AS description,
               product_bullet_point AS bullets, product_brand AS brand, product_color AS color,
               CASE product_locale WHEN 'es' THEN 'es' WHEN 'jp' THEN 'ja' ELSE 'en' END AS language
        FROM read_parquet({products});
        CREATE VIEW esci_judged AS
        SELECT * FROM esci_judgements JOIN esci_products USING (product_id, locale)
        WHERE title IS NOT NULL AND query IS NOT NULL
        """)
