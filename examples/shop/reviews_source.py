"""Reviews and metadata of the shop, in the on-disk format of Reviews 2023."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from examples.shop.household import DEPARTMENT, household_goods
from examples.shop.reviews import regular_purchases, write_review
from examples.shop.source_files import write_jsonl_gz, write_parquet
from examples.shop.world import Product, World

_REVIEWS = 700
_FIRST_TIMESTAMP_MS = 1_600_000_000_000


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
        write_jsonl_gz(directory / f"{department}.jsonl.gz", rows)
        write_jsonl_gz(directory / f"meta_{department}.jsonl.gz", meta[department])
    write_parquet(directory / "review_keyphrases.parquet", _keyphrases(world, reviews))
    write_jsonl_gz(directory / f"meta_{DEPARTMENT}.jsonl.gz", household_goods(random.Random(f"{seed}/household")))


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


def _keyphrases(world: World, reviews: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    """The aspects of each review, in the format of a model's findings."""
    return [
        {"key": _key(review), "category": department, "aspect": aspect, "phrase": phrase, "praises": kind == "good"}
        for department, written in reviews.items()
        for review in written
        for aspect, kinds in world.aspects.items()
        for kind, phrases in kinds.items()
        for phrase in phrases
        if phrase in str(review["text"])
    ]


def _key(review: dict[str, object]) -> str:
    parts = [str(review[name]) for name in ("user_id", "parent_asin", "timestamp", "text")]
    return hashlib.md5("|".join(parts).encode()).hexdigest()  # noqa: S324 - the source's key, no secret


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
