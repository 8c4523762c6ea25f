"""Real samples in the formats of the sources, so that every recipe can run on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

_REVIEWS = ("Amazon_Fashion_1008", "Patio_Lawn_and_Garden_100")
_LABELS = {"Exact": "E", "Substitute": "S", "Complement": "C", "Irrelevant": "I"}


def make(samples: Path, raw: Path) -> None:
    """Write a raw folder from the samples: links to samples as downloaded, and converted files for the others."""
    raw.mkdir(parents=True)
    _reviews(samples / "reviews2023", raw / "reviews2023")
    _esci(samples / "esci", raw / "esci")
    _attributes(samples / "attributes", raw / "attributes")
    _amazon_m2(samples / "amazon_m2", raw / "amazon_m2")
    for name in ("alpaca", "ecguide", "mmlu"):
        (raw / name).symlink_to(samples / name)


def _reviews(samples: Path, raw: Path) -> None:
    raw.mkdir()
    for name in _REVIEWS:
        category = name.rpartition("_")[0]
        (raw / f"meta_{category}.jsonl").symlink_to(samples / f"meta_{name}.jsonl")
        (raw / f"{category}.jsonl").symlink_to(samples / f"{name}.jsonl")
    reviews: dict[str, list[str]] = {}
    products: dict[str, dict[str, str]] = {}
    for line in (samples / "reviews_24categories_partial.jsonl").read_text(encoding="utf-8").splitlines():
        review = json.loads(line)
        category, product = review.pop("_category_file"), review.pop("_product")
        reviews.setdefault(category, []).append(json.dumps(review))
        listing = {"parent_asin": review["parent_asin"], "categories": [], "details": {}, **product}
        products.setdefault(category, {})[review["parent_asin"]] = json.dumps({**listing, "store": product["brand"]})
    for line in (samples / "appliances_titles_partial.jsonl").read_text(encoding="utf-8").splitlines():
        products.setdefault("Appliances", {})[json.loads(line)["parent_asin"]] = line
    for category, lines in reviews.items():
        if not (raw / f"{category}.jsonl").exists():
            (raw / f"{category}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for category, listed in products.items():
        if not (raw / f"meta_{category}.jsonl").exists():
            (raw / f"meta_{category}.jsonl").write_text("\n".join(listed.values()) + "\n", encoding="utf-8")


def _esci(samples: Path, raw: Path) -> None:
    raw.mkdir()
    labels = " ".join(f"WHEN '{long}' THEN '{short}'" for long, short in _LABELS.items())
    # The judged product ids have no titles; those with a title in another sample are joined.
    duckdb.execute(f"""
        CREATE OR REPLACE TEMP TABLE joined AS
        SELECT * REPLACE (CASE esci_label {labels} ELSE esci_label END AS esci_label)
        FROM read_csv([{", ".join(f"'{file}'" for file in sorted(samples.glob("examples_products_joined_*.csv")))}],
                      all_varchar = true, union_by_name = true);
        COPY (SELECT CAST(query_id AS BIGINT) AS query_id, query, product_locale, product_id, esci_label,
                     coalesce(split, 'train') AS split FROM joined)
        TO '{raw / "shopping_queries_dataset_examples.parquet"}';
        COPY (SELECT DISTINCT ON (product_id, product_locale) product_id, product_locale, product_title,
                     product_description, product_bullet_point, product_brand, product_color FROM joined)
        TO '{raw / "shopping_queries_dataset_products.parquet"}'
        """)


def _attributes(samples: Path, raw: Path) -> None:
    raw.mkdir()
    lines = []
    for record in _lines(samples / "ae-110k_train.jsonl"):
        for attribute, values in record["target_scores"].items():
            lines += [f"{record['input']}\x01{attribute}\x01{'NULL' if v == 'n/a' else v}" for v in values]
    (raw / "publish_data.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mined = [
        json.dumps(
            {
                "title": record["input"],
                "entities": [
                    {"label": attribute, "value": value}
                    for attribute, values in record["target_scores"].items()
                    for value in values
                ],
            }
        )
        for record in _lines(samples / "oa-mine_train.jsonl")
    ]
    (raw / "oa_mine.jsonl").write_text("\n".join(mined) + "\n", encoding="utf-8")


def _amazon_m2(samples: Path, raw: Path) -> None:
    raw.mkdir()
    (raw / "sessions_train.csv").symlink_to(samples / "sessions_train.csv")
    (raw / "products_train.csv").symlink_to(samples / "products_rows_from_notebook_tables.csv")


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
