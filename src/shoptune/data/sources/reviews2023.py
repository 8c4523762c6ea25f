"""Amazon Reviews 2023: `<Category>.jsonl[.gz]` and `meta_<Category>.jsonl[.gz]`, joined on `parent_asin`.

Prices may be null, numbers or texts; features, description and categories are lists; details is an object whose keys
differ from product to product.

Tables: reviews(key, category, rating, title, text, parent_asin, user_id, timestamp, helpful_vote,
review), its texts without
the markup that players and shops put into them; reviews_products(parent_asin, category, title, price, cents, currency,
brand, features, description, categories, details, bought_together, product_type, packs, per_pack, pieces, ounces,
amounts); review_keyphrases and review_aspects, see `shoptune.data.parsing.review_tables`.

`product_type` is from `product_types*.parquet` (parent_asin, product_type), such as a model infers, if the folder has
it; else the innermost category where many titles end with its noun; else what `shoptune.data.parsing.product_types`
finds; null if there is nothing. Numbers are those of the title: see `shoptune.data.parsing.quantities`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from shoptune.data.parsing.functions import register_functions
from shoptune.data.parsing.review_tables import create_review_tables
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table

FILES = ("*.jsonl", "*.jsonl.gz", "product_types*.parquet", "review_keyphrases*.parquet")

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

# Innermost categories that name a type: many titles of each end with the category's own noun.
_LEAF_TYPES = """
    CREATE OR REPLACE TABLE raw_reviews_leaf_types AS
    SELECT leaf, min(name) AS name
    FROM (SELECT categories[-1] AS leaf, category_name(categories[-1]) AS name, title_end(title) AS noun
          FROM raw_reviews_products CROSS JOIN (SELECT 1 + count(*) // 400000 AS share FROM raw_reviews_products)
          WHERE len(categories) > 1 AND title <> '' AND md5_number_lower(parent_asin) % share = 0)
    WHERE name IS NOT NULL
    GROUP BY leaf HAVING count(*) >= 20 AND avg(CASE WHEN string_split(name, ' ')[-1] = noun THEN 1 ELSE 0 END) >= 0.3
    """

_PRODUCTS = """
    SELECT * EXCLUDE (quantities, priced), quantities.packs, quantities.per_pack, quantities.pieces, quantities.ounces,
           CAST(priced.amount AS DOUBLE) AS price, CAST(round(priced.amount * 100) AS BIGINT) AS cents, priced.currency
    FROM (
      SELECT parent_asin, regexp_extract(filename, 'meta_([^/]+)\\.jsonl', 1) AS category, title,
             price_of(price) AS priced, store AS brand, features, array_to_string(description, ' ') AS description,
             categories,
             CASE WHEN json_type(details) = 'VARCHAR' THEN TRY_CAST(details->>'$' AS JSON) ELSE details END AS details,
             TRY_CAST(bought_together AS VARCHAR[]) AS bought_together,
             coalesce(inferred.product_type, leaves.name, product_type_of(title, categories)) AS product_type,
             quantities_of(title) AS quantities, amounts_of(title) AS amounts
      FROM raw_reviews_products LEFT JOIN {types} AS inferred USING (parent_asin)
      LEFT JOIN raw_reviews_leaf_types AS leaves ON leaves.leaf = categories[-1])
    """


def partitions(files: Sequence[Path]) -> Mapping[str, Sequence[Path]]:
    """The files of each category, read independently of the others; what models inferred belongs to all."""
    found: dict[str, list[Path]] = {}
    for file in files:
        if file.suffix != ".parquet":
            found.setdefault(file.name.partition(".")[0].removeprefix("meta_"), []).append(file)
    inferred = [file for file in files if file.suffix == ".parquet"]
    return {category: [*of_category, *inferred] for category, of_category in found.items()}


def register(reader: SourceReader) -> None:
    """Create the source's tables."""
    files = reader.find(*FILES[:2])
    meta = [file for file in files if file.name.startswith("meta_")]
    reviews = [file for file in files if file not in meta]
    reader.json_lines(Table("reviews", reviews, REVIEW, ("parent_asin",)))
    reader.json_lines(Table("reviews_products", meta, _META, ("parent_asin",)))
    register_functions(reader.connection)
    reader.connection.execute(_LEAF_TYPES)
    create_review_tables(reader, reader.find(FILES[3], optional=True))
    reader.create("reviews_products", _PRODUCTS.format(types=_inferred_types(reader)), sample_by="parent_asin")
    reader.keep_with("reviews_products", "reviews")
    reader.count_missing(
        "reviews of products that are not listed",
        "SELECT count(*) FROM reviews ANTI JOIN reviews_products USING (parent_asin, category)",
    )
    reader.count_missing(
        "products without a product type, which tasks that print one leave out",
        "SELECT count(*) FROM reviews_products WHERE product_type IS NULL",
    )


def _inferred_types(reader: SourceReader) -> str:
    """SQL: the types that a model inferred, if there are `product_types*.parquet` files next to the raw files."""
    if found := reader.find(FILES[2], optional=True):
        rows = reader.parquet(found, ("parent_asin", "product_type"))
        return f"(SELECT parent_asin, min(product_type) AS product_type FROM {rows} GROUP BY parent_asin)"
    return "(SELECT NULL::VARCHAR AS parent_asin, NULL::VARCHAR AS product_type WHERE false)"
