"""The made-up shop at any size: raw files of Amazon Reviews 2023, gzipped as published, that every recipe can use."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

SHOP = Path("examples/raw")
_DONE = "done"
# Records of the shop are repeated. Each copy has another brand, another series and another price; a sentence of words
# from the shop's own texts sets it apart, or the near-duplicate filter would keep one copy. As in real logs, a few
# products have most of the reviews, and half of the users wrote one review.
_TEMPLATES = """
    CREATE TABLE products AS
    SELECT *, row_number() OVER (ORDER BY parent_asin) - 1 AS number
    FROM read_json('{shop}/reviews2023/meta_*.jsonl.gz', columns={{
        main_category: 'VARCHAR', title: 'VARCHAR', average_rating: 'DOUBLE', rating_number: 'BIGINT',
        features: 'VARCHAR[]', description: 'VARCHAR[]', images: 'JSON', videos: 'JSON', store: 'VARCHAR',
        categories: 'VARCHAR[]', details: 'JSON', parent_asin: 'VARCHAR'}})
    ORDER BY number;
    CREATE TABLE reviews AS
    SELECT r.rating, r.title, r.text, r.timestamp, r.helpful_vote, r.verified_purchase,
           p.number AS product, p.main_category,
           row_number() OVER (ORDER BY r.parent_asin, r.user_id, r.timestamp, r.text) - 1 AS number
    FROM read_json('{shop}/reviews2023/[HPS]*.jsonl.gz', union_by_name=true) r JOIN products p USING (parent_asin)
    ORDER BY number;
    CREATE TABLE vocabulary AS
    SELECT list(word ORDER BY word) AS word FROM (
        SELECT DISTINCT unnest(regexp_extract_all(lower(output), '[a-z]{{3,9}}')) AS word
        FROM read_json('{shop}/alpaca/*.json'));
    """
_PRODUCTS = """
    COPY (
        SELECT t.* EXCLUDE (number, parent_asin, title, store, features, details),
               concat('B', lpad(n::VARCHAR, 9, '0')) AS parent_asin,
               concat({brand}, ' ', {series}, substr(t.title, length(t.store) + 1)) AS title, {brand} AS store,
               CASE WHEN n % 3 = 0 THEN NULL ELSE round(3 + hash(n + 2) % 20000 / 100, 2) END AS price,
               list_append(t.features, {words}) AS features,
               json_merge_patch(t.details, json_object('Brand', {brand})) AS details, NULL AS bought_together
        FROM range({count}) AS copies(n) JOIN products t ON t.number = n % {templates}, vocabulary
        WHERE t.main_category = '{category}'
    ) TO '{file}' (FORMAT json, COMPRESSION gzip)
    """
_REVIEWS = """
    COPY (
        SELECT t.* EXCLUDE (number, product, main_category, text), concat(t.text, ' ', {words}) AS text, [] AS images,
               concat('B', lpad(({copy} * {templates} + t.product)::VARCHAR, 9, '0')) AS parent_asin,
               parent_asin AS asin, md5(concat('user', CASE WHEN n % 2 = 0 THEN n ELSE n // 16 END)) AS user_id
        FROM range({count}) AS copies(n) JOIN reviews t ON t.number = n % {reviews}, vocabulary
        WHERE t.main_category = '{category}'
    ) TO '{file}' (FORMAT json, COMPRESSION gzip)
    """
_WORD = "word[CAST(1 + hash({seed}) % len(word) AS BIGINT)]"


def write_big_shop(directory: Path, reviews: int, products: int) -> Path:
    """Write the shop's raw folder with more reviews and products; the other sources stay as they are.

    Args:
        directory: the raw folder.
        reviews: how many reviews, of all categories together.
        products: how many products.

    Returns:
        The raw folder.
    """
    if (directory / _DONE).exists():
        return directory
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(SHOP, directory)
    folder = directory / "reviews2023"
    for file in folder.glob("*.jsonl.gz"):
        file.unlink()
    with duckdb.connect() as connection:
        connection.execute(_TEMPLATES.format(shop=SHOP))
        templates, written = (connection.table(name).shape[0] for name in ("products", "reviews"))
        values = {
            "templates": templates,
            "reviews": written,
            "brand": f"upper({_WORD.format(seed='n // 50 + 3')}[1]) || {_WORD.format(seed='n // 50 + 3')}[2:]",
            "series": _WORD.format(seed="n + 4"),
            "words": f"array_to_string(list_transform(range(12), lambda k: {_WORD.format(seed='n * 16 + k')}), ' ')",
            "copy": f"CAST(pow(hash(n + 5) / 18446744073709551616.0, 4) * {products // templates} AS BIGINT)",
        }
        for table, query, prefix, count in (
            ("products", _PRODUCTS, "meta_", products),
            ("reviews", _REVIEWS, "", reviews),
        ):
            found = connection.execute(f"SELECT DISTINCT main_category FROM {table} ORDER BY ALL").fetchall()
            for (category,) in found:
                file = folder / f"{prefix}{category.replace(' ', '_')}.jsonl.gz"
                connection.execute(query.format(**values, category=category, count=count, file=file))
    (directory / _DONE).touch()
    return directory
