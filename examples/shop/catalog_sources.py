"""Catalog, sessions and queries of the shop, in the on-disk formats of Amazon-M2 and ESCI."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Sequence
from pathlib import Path

from examples.shop.searches import judged_products, query_for
from examples.shop.source_files import write_csv, write_parquet
from examples.shop.world import LOCALES, Product, World

_SESSIONS_PER_LOCALE = 60
_QUERIES_PER_LOCALE = {"us": 150, "es": 60, "jp": 60}
_LANGUAGE_OF = {"us": "en", "es": "es", "jp": "ja"}
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
    books = _books(world, random.Random(f"{seed}/books"))
    write_csv(directory / "products_train.csv", [header, *products, *books])
    sessions = []
    for locale in LOCALES.values():
        for _ in range(_SESSIONS_PER_LOCALE):
            *seen, bought = _session(world, rng)
            sessions.append([_printed_numpy([product.asin for product in seen]), bought.asin, locale])
    write_csv(directory / "sessions_train.csv", [["prev_items", "next_item", "locale"], *sessions])


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
    write_parquet(directory / "shopping_queries_dataset_examples.parquet", examples)
    write_parquet(directory / "shopping_queries_dataset_products.parquet", products)


def _session(world: World, rng: random.Random) -> list[Product]:
    """Products that a customer looks at one after the other: of one type, then a complement or one more."""
    first = rng.choice(world.listed)
    same = [product for product in world.listed if product.type == first.type]
    complements = [product for product in world.listed if product.type.name == first.type.complement]
    length = rng.choice([2, 3, 4, 12])
    return [rng.choice(same) for _ in range(length)] + [rng.choice(complements if rng.random() < 0.5 else same)]


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
