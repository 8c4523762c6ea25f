"""Amazon Reviews 2023: `<Category>.jsonl[.gz]` and `meta_<Category>.jsonl[.gz]`, joined on `parent_asin`.

Prices may be null, numbers or texts; features, description and categories are lists; details is an object whose keys
differ from product to product.

Tables: reviews(key, category, rating, title, text, parent_asin, user_id, timestamp, helpful_vote);
reviews_products(parent_asin, category, title, price, brand, features, description, categories, details,
bought_together, product_type), where product_type is the innermost category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*.jsonl", "*.jsonl.gz")

REVIEW = {
    "rating": "DOUBLE",
    "title": "VARCHAR",
    "text": "VARCHAR",
    "parent_asin": "VARCHAR",
    "user_id": "VARCHAR",
    "timestamp": "BIGINT",
    "helpful_vote": "INTEGER",
}
_META = {
    "parent_asin": "VARCHAR",
    "title": "VARCHAR",
    "price": "VARCHAR",
    "store": "VARCHAR",
    "features": "VARCHAR[]",
    "description": "VARCHAR[]",
    "categories": "VARCHAR[]",
    "details": "JSON",
    "bought_together": "JSON",
}


def partitions(files: Sequence[Path]) -> Mapping[str, Sequence[Path]]:
    """The files of each category, which are read independently of the others."""
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(file.name.partition(".")[0].removeprefix("meta_"), []).append(file)
    return found


def register(reader: SourceReader) -> None:
    """Create the source's tables."""
    files = reader.find(*FILES)
    meta = [file for file in files if file.name.startswith("meta_")]
    reviews = [file for file in files if file not in meta]
    reader.json_lines(Table("reviews", reviews, REVIEW, ("parent_asin",)))
    reader.json_lines(Table("reviews_products", meta, _META, ("parent_asin",)))
    reader.create(
        "reviews",
        """
        SELECT md5(concat_ws('|', user_id, parent_asin, timestamp, text)) AS key,
               regexp_extract(filename, '([^/]+)\\.jsonl', 1) AS category, * EXCLUDE (filename)
        FROM raw_reviews
        """,
        sample_by="user_id",
    )
    reader.create(
        "reviews_products",
        """
        SELECT parent_asin, regexp_extract(filename, 'meta_([^/]+)\\.jsonl', 1) AS category, title,
               TRY_CAST(regexp_extract(price, '[0-9]+(\\.[0-9]+)?') AS DOUBLE) AS price, store AS brand, features,
               array_to_string(description, ' ') AS description, categories,
               CASE WHEN json_type(details) = 'VARCHAR' THEN TRY_CAST(details->>'$' AS JSON)
                    ELSE details END AS details,
               TRY_CAST(bought_together AS VARCHAR[]) AS bought_together, categories[-1] AS product_type
        FROM raw_reviews_products
        """,
        sample_by="parent_asin",
    )
    reader.count_missing(
        "reviews of products that are not listed",
        "SELECT count(*) FROM reviews ANTI JOIN reviews_products USING (parent_asin, category)",
    )
