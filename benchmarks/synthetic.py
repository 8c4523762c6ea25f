"""Seeded raw files of the real data sets' shapes and sizes, for the benchmarks of the data stage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

_DONE = "done"
# A made-up vocabulary: words of 3 to 9 letters, common ones drawn more often than rare ones, as in product titles.
_WORDS = """
    CREATE OR REPLACE TABLE words AS
    SELECT substr(translate(md5(n::VARCHAR), '0123456789', 'ghijklmnop'), 1, 3 + (n % 7)::INTEGER) AS word, n
    FROM range(60000) AS numbers(n)
    """
_PICK = "CAST(pow(hash({seed}) / 18446744073709551616.0, 2.2) * 59999 AS INTEGER) + 1"


@contextmanager
def _writing(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty folder, and a database with the vocabulary; when the block ends, the folder is marked as whole."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(_WORDS)
        connection.execute("CREATE TABLE vocabulary AS SELECT list(word ORDER BY n) AS word FROM words")
        yield connection
    (folder / _DONE).touch()


def write_esci(directory: Path, judgements: int, products: int) -> Path:
    """Write examples and products Parquet files of ESCI's shape: 20 judgements a query, E most often.

    Args:
        directory: the raw directory; the files go to its folder `esci`.
        judgements: how many; the real set has 2.6 million.
        products: how many; the real set has 1.8 million.

    Returns:
        The raw directory.
    """
    folder = directory / "esci"
    if (folder / _DONE).exists():
        return directory
    with _writing(folder) as connection:
        connection.execute(f"""
            COPY (SELECT concat('B', lpad(n::VARCHAR, 9, '0')) AS product_id,
                         {_text("n", "8 + hash(n) % 17")} AS product_title,
                         {_text("n + 11", "30")} AS product_description,
                         {_text("n + 23", "40")} AS product_bullet_point,
                         {_text("n % 5000", "1")} AS product_brand, {_text("n % 200", "1")} AS product_color,
                         {_locale("n")} AS product_locale
                  FROM range({products}) AS numbers(n), vocabulary)
            TO '{folder}/shopping_queries_dataset_products.parquet' (COMPRESSION snappy)
            """)
        connection.execute(f"""
            COPY (SELECT n AS example_id, {_text("n // 20", "1 + hash(n // 20) % 5")} AS query, n // 20 AS query_id,
                         concat('B', lpad(((hash(n) % ({products} // 100)) * 100 + (n // 20) % 100)::VARCHAR, 9, '0'))
                           AS product_id,
                         {_locale("(n // 20) % 100")} AS product_locale,
                         CASE WHEN hash(n + 7) % 100 < 65 THEN 'E' WHEN hash(n + 7) % 100 < 87 THEN 'S'
                              WHEN hash(n + 7) % 100 < 90 THEN 'C' ELSE 'I' END AS esci_label,
                         1 AS small_version, 1 AS large_version,
                         CASE WHEN hash(n // 20 + 3) % 10 < 8 THEN 'train' ELSE 'test' END AS split
                  FROM range({judgements}) AS numbers(n), vocabulary)
            TO '{folder}/shopping_queries_dataset_examples.parquet' (COMPRESSION snappy)
            """)
    return directory


def _text(seed: str, length: str) -> str:
    """SQL for a text of `length` words that depends on `seed` alone."""
    pick = _PICK.format(seed=f"({seed}) * 64 + step")
    return f"array_to_string(list_transform(range(({length})::BIGINT), lambda step: word[{pick}]), ' ')"


def _locale(number: str) -> str:
    return f"CASE WHEN ({number}) % 100 < 70 THEN 'us' WHEN ({number}) % 100 < 83 THEN 'es' ELSE 'jp' END"


def write_reviews(directory: Path, lines: int, products: int) -> Path:
    """Write a category of Amazon Reviews 2023: JSON lines of reviews, and of the products they are about.

    Args:
        directory: the raw directory; the files go to its folder `reviews2023`.
        lines: how many reviews.
        products: how many products.

    Returns:
        The raw directory.
    """
    folder = directory / "reviews2023"
    if (folder / _DONE).exists():
        return directory
    with _writing(folder) as connection:
        connection.execute(f"""
            COPY (SELECT (1 + hash(n) % 5)::DOUBLE AS rating, {_text("n", "3")} AS title,
                         {_text("n + 5", "10 + hash(n) % 50")} AS text, [] AS images,
                         concat('B', lpad((hash(n + 1) % {products})::VARCHAR, 9, '0')) AS asin, asin AS parent_asin,
                         md5((n // 4)::VARCHAR) AS user_id, 1500000000000 + n AS timestamp, hash(n) % 9 AS helpful_vote,
                         true AS verified_purchase
                  FROM range({lines}) AS numbers(n), vocabulary)
            TO '{folder}/Toys.jsonl' (FORMAT json)
            """)
        connection.execute(f"""
            COPY (SELECT concat('B', lpad(n::VARCHAR, 9, '0')) AS parent_asin, {_text("n", "12")} AS title, 'Toys' AS
                         main_category, '9.99' AS price, 'shop' AS store, ['soft'] AS features, ['toy'] AS description,
                         ['Toys', concat('Type ', n % 40)] AS categories, {{'Color': 'red'}} AS details
                  FROM range({products}) AS numbers(n), vocabulary)
            TO '{folder}/meta_Toys.jsonl' (FORMAT json)
            """)
    return directory
