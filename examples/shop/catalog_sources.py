"""Catalog, sessions, queries and reviews of the shop, in the on-disk formats of Amazon-M2, ESCI and Reviews 2023."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from household import DEPARTMENT, household_goods
from reviews import regular_purchases, write_review
from world import LOCALES, Product, World

_SESSIONS_PER_LOCALE = 60
_QUERIES_PER_LOCALE = {"us": 150, "es": 60, "jp": 60}
_LANGUAGE_OF = {"us": "en", "es": "es", "jp": "ja"}
_REVIEWS = 700
_FIRST_NAMES = ("Ada", "Bruno", "Clara", "Dario", "Elin", "Fumio", "Greta", "Hugo")
_HANDBOOK = {
    "en": "The {} handbook",
    "de": "Das Handbuch: {}",
    "fr": "Le manuel : {}",
    "it": "Il manuale: {}",
    "es": "El manual: {}",
    "ja": "{}の手引き",
}
_NUMPY_LINE_WIDTH = 75  # numpy breaks a printed array after this many characters
_FIRST_TIMESTAMP_MS = 1_600_000_000_000


def write_amazon_m2(world: World, directory: Path, seed: str) -> None:
    """`products_train.csv`, and `sessions_train.csv` with its printed numpy arrays."""
    rng = random.Random(seed)
    products = [
        [
            product.asin,
            locale,
            world.title(product, language),
            f"{product.price / 100:.2f}",
            product.brand,
            world.colors[product.color][language],
            f"{product.pack}",
            f"{product.brand[:3].upper()}-{product.weight}",
            world.materials[product.material][language],
            "",
            world.description(product, language),
        ]
        for language, locale in LOCALES.items()
        for product in world.listed
    ]
    header = ["id", "locale", "title", "price", "brand", "color", "size", "model", "material", "author", "desc"]
    _write_csv(directory / "products_train.csv", header, products + _books(world, random.Random(f"{seed}/books")))
    sessions = []
    for locale in LOCALES.values():
        for _ in range(_SESSIONS_PER_LOCALE):
            *seen, bought = _session(world, rng)
            sessions.append([_printed_numpy([product.asin for product in seen]), bought.asin, locale])
    _write_csv(directory / "sessions_train.csv", ["prev_items", "next_item", "locale"], sessions)


def write_esci(world: World, directory: Path, seed: str) -> None:
    """Judgements of products for queries, and the products, as two Parquet files."""
    rng = random.Random(seed)
    examples: list[dict[str, object]] = []
    for locale, count in _QUERIES_PER_LOCALE.items():
        for _ in range(count):
            wanted = rng.choice(world.listed)
            query = query_for(world, wanted, _LANGUAGE_OF[locale], rng)
            number = len({example["query_id"] for example in examples})
            for product, label in judged_products(world, wanted, rng):
                examples.append(
                    {
                        "example_id": len(examples),
                        "query": query,
                        "query_id": number,
                        "product_id": product.asin,
                        "product_locale": locale,
                        "esci_label": label,
                        "small_version": 1,
                        "large_version": 1,
                        "split": "test" if number % 10 == 0 else "train",
                    }
                )
    products = [
        {
            "product_id": product.asin,
            "product_title": world.title(product, language),
            "product_description": world.description(product, language),
            "product_bullet_point": f"{world.types[product.type.name].definition}\n{product.type.attribute}",
            "product_brand": product.brand,
            "product_color": world.colors[product.color][language],
            "product_locale": locale,
        }
        for locale, language in _LANGUAGE_OF.items()
        for product in world.listed
    ]
    _write_parquet(directory / "shopping_queries_dataset_examples.parquet", examples)
    _write_parquet(directory / "shopping_queries_dataset_products.parquet", products)


def write_reviews2023(world: World, directory: Path, seed: str) -> None:
    """One `<Category>.jsonl.gz` of reviews and one `meta_<Category>.jsonl.gz` a department."""
    rng = random.Random(seed)
    reviews: dict[str, list[dict[str, object]]] = {}
    for number in range(_REVIEWS):
        product = rng.choice(world.listed)
        written = _review(world, product, rng, number)
        reviews.setdefault(product.type.department, []).append(written)
    regulars = random.Random(f"{seed}/regulars")
    for number, history in enumerate(regular_purchases(world, regulars)):
        for product, day in history:
            written = _review(world, product, regulars, _REVIEWS + 2 * number + day)
            reviews[product.type.department].append({**written, "user_id": f"AG{number:010X}"})
    meta: dict[str, list[dict[str, object]]] = {}
    for number, product in enumerate(world.listed):
        meta.setdefault(product.type.department, []).append(_meta(world, product, number, rng))
    for department, rows in reviews.items():
        _write_jsonl_gz(directory / f"{department}.jsonl.gz", rows)
        _write_jsonl_gz(directory / f"meta_{department}.jsonl.gz", meta[department])
    _write_jsonl_gz(directory / f"meta_{DEPARTMENT}.jsonl.gz", household_goods(random.Random(f"{seed}/household")))


def query_for(world: World, wanted: Product, language: str, rng: random.Random) -> str:
    """What a customer types who looks for a product."""
    name = wanted.type.names[language]
    color, material = world.colors[wanted.color][language], world.materials[wanted.material][language]
    return rng.choice(
        [f"{wanted.brand} {name}", f"{name} {color}", f"{material} {name}", f"{wanted.brand} {name} {color}"]
    )


def judged_products(world: World, wanted: Product, rng: random.Random) -> list[tuple[Product, str]]:
    """Products with their relevance for who looks for one: exact, substitute, complement or irrelevant, mixed."""
    others = [product for product in world.listed if product != wanted]
    same = [product for product in others if product.type == wanted.type and product.brand != wanted.brand]
    complements = [product for product in others if product.type.name == wanted.type.complement]
    strangers = [product for product in others if product.type in world.others(wanted.type)]
    judged = [(wanted, "E")]
    judged += [(product, "S") for product in rng.sample(same, 2)]
    judged += [(product, "C") for product in rng.sample(complements, 2)]
    judged += [(product, "I") for product in rng.sample(strangers, 3)]
    rng.shuffle(judged)
    return judged


def _session(world: World, rng: random.Random) -> list[Product]:
    """Products that a customer looks at one after the other: of one type, then a complement or one more."""
    first = rng.choice(world.listed)
    same = [product for product in world.listed if product.type == first.type]
    complements = [product for product in world.listed if product.type.name == first.type.complement]
    length = rng.choice([2, 3, 4, 12])
    return [rng.choice(same) for _ in range(length)] + [rng.choice(complements if rng.random() < 0.5 else same)]


def _review(world: World, product: Product, rng: random.Random, day: int) -> dict[str, object]:
    review = write_review(world, product.type, rng)
    return {
        "rating": float(review.rating),
        "title": review.title,
        "text": review.text,
        "images": [],
        "asin": product.asin,
        "parent_asin": product.asin,
        "user_id": f"AF{rng.getrandbits(40):010X}",
        "timestamp": _FIRST_TIMESTAMP_MS + day * 86_400_000,
        "helpful_vote": rng.randrange(5),
        "verified_purchase": rng.random() < 0.9,
    }


def _meta(world: World, product: Product, number: int, rng: random.Random) -> dict[str, object]:
    prices: list[object] = [product.price / 100, f"{product.price / 100:.2f}", None]  # as mixed as the real files
    together = [other.asin for other in world.listed if other.type.name == product.type.complement]
    return {
        "main_category": product.type.department.replace("_", " "),
        "title": world.title(product),
        "average_rating": rng.randint(20, 50) / 10,
        "rating_number": rng.randint(1, 900),
        "features": [f"Made of {product.material}", f"Good for {product.type.audience}"],
        "description": [world.description(product)] if number % 4 else [],
        "price": prices[number % 3],
        "images": [],
        "videos": [],
        "store": product.brand,
        "categories": [product.type.department.replace("_", " "), product.type.name],
        "details": {
            "Brand": product.brand,
            "Material": product.material,
            "Color": product.color,
            "Item Weight": f"{product.weight} ounces",
            "Number of Pieces": str(product.pack),
            product.type.attribute.title(): "yes",
        },
        "parent_asin": product.asin,
        "bought_together": rng.sample(together, 3),
    }


def _books(world: World, rng: random.Random) -> list[list[str]]:
    """A handbook of each product type in every locale: products with an author, but no brand, color or material."""
    surnames = [brand.lower().capitalize() for product_type in world.types.values() for brand in product_type.brands]
    written = [
        (f"B1{rng.getrandbits(32):08X}", product_type, f"{rng.choice(_FIRST_NAMES)} {rng.choice(surnames)}")
        for product_type in world.types.values()
    ]
    return [
        [
            asin,
            locale,
            _HANDBOOK[language].format(product_type.names[language]),
            "12.50",
            "",
            "",
            "",
            "",
            "",
            author,
            "",
        ]
        for language, locale in LOCALES.items()
        for asin, product_type, author in written
    ]


def _printed_numpy(items: Sequence[str]) -> str:
    """A list of texts as numpy prints an array: no commas, wrapped over lines."""
    inner = textwrap.fill(" ".join(f"'{item}'" for item in items), _NUMPY_LINE_WIDTH, subsequent_indent=" ")
    return f"[{inner}]"


def _write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    _make_parent(file).write_text(text.getvalue(), encoding="utf-8")


def _write_parquet(file: Path, rows: list[dict[str, object]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), _make_parent(file), compression="zstd")


def _write_jsonl_gz(file: Path, rows: Iterable[dict[str, object]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    _make_parent(file).write_bytes(gzip.compress(text.encode(), mtime=0))


def _make_parent(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file
