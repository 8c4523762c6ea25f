"""Amazon Reviews 2023: `<Category>.jsonl[.gz]` and `meta_<Category>.jsonl[.gz]`, joined on `parent_asin`.

Prices may be null, numbers or texts; features, description and categories are lists; details is an object whose keys
differ from product to product.

Tables: reviews(key, category, rating, title, text, parent_asin, user_id, timestamp, helpful_vote);
reviews_products(parent_asin, category, title, price, brand, features, description, categories, details,
bought_together, product_type), where product_type is the innermost category.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.sources.files import find, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_REVIEW = """{rating: 'DOUBLE', title: 'VARCHAR', text: 'VARCHAR', parent_asin: 'VARCHAR', user_id: 'VARCHAR',
              timestamp: 'BIGINT', helpful_vote: 'INTEGER'}"""
_META = """{parent_asin: 'VARCHAR', title: 'VARCHAR', price: 'VARCHAR', store: 'VARCHAR', features: 'VARCHAR[]',
            description: 'VARCHAR[]', categories: 'VARCHAR[]', details: 'JSON', bought_together: 'JSON'}"""
_FORMAT = "format = 'newline_delimited', filename = true"


def register(connection: DuckDBPyConnection, directory: Path) -> None:
    """Create the source's tables."""
    files = find(directory, "*.jsonl", "*.jsonl.gz")
    meta = [file for file in files if file.name.startswith("meta_")]
    reviews = [file for file in files if file not in meta]
    connection.execute(f"""
        CREATE VIEW reviews AS
        SELECT md5(concat_ws('|', user_id, parent_asin, timestamp, text)) AS key,
               regexp_extract(filename, '([^/]+)\\.jsonl', 1) AS category, * EXCLUDE (filename)
        FROM read_json({quoted(reviews)}, columns = {_REVIEW}, {_FORMAT});
        CREATE VIEW reviews_products AS
        SELECT parent_asin, regexp_extract(filename, 'meta_([^/]+)\\.jsonl', 1) AS category, title,
               TRY_CAST(regexp_extract(price, '[0-9]+(\\.[0-9]+)?') AS DOUBLE) AS price, store AS brand, features,
               array_to_string(description, ' ') AS description, categories, details,
               TRY_CAST(bought_together AS VARCHAR[]) AS bought_together, categories[-1] AS product_type
        FROM read_json({quoted(meta)}, columns = {_META}, {_FORMAT})
        """)
