"""Invented customers' reviews: a verdict in words, then what the customer says of one to three aspects."""

from __future__ import annotations

import random
from dataclasses import dataclass

from examples.shop.world import Product, ProductType, World

_LOWEST_GOOD_RATING = 4
_MIDDLE_RATING = 3
_BASKETS_OF_REGULARS = 60


@dataclass(frozen=True)
class Review:
    """One review; `phrases` are the words of the text that speak of each aspect."""

    rating: int
    title: str
    text: str
    phrases: dict[str, str]


def write_review(world: World, product_type: ProductType, rng: random.Random, aspects: int | None = None) -> Review:
    """A review of a product of one type, with a number of stars drawn at random."""
    rating = rng.randint(1, 5)
    verdict = rng.choice(world.verdicts[rating])
    chosen = rng.sample(product_type.aspects, aspects or rng.randint(1, 3))
    phrases = {}
    for aspect in chosen:
        is_good = rating >= _LOWEST_GOOD_RATING or (rating == _MIDDLE_RATING and rng.random() < 0.5)
        phrases[aspect] = rng.choice(world.aspects[aspect]["good" if is_good else "bad"])
    text = f"{verdict} About my {product_type.name}: {', '.join(phrases.values())}."
    return Review(rating, verdict.rstrip("."), text, phrases)


def regular_purchases(world: World, rng: random.Random) -> list[list[tuple[Product, int]]]:
    """The purchases of returning customers, each product with its day: a product and its complement, twice.

    Two customers share each first basket, so that some products are bought together more than once.
    """
    histories = []
    for _ in range(_BASKETS_OF_REGULARS // 2):
        shared = _basket(world, rng.choice(world.listed), rng)
        for _ in range(2):
            other = rng.choice([product for product in world.listed if product.type in world.others(shared[0].type)])
            baskets = [shared, _basket(world, other, rng)]
            histories.append([(product, day) for day, basket in enumerate(baskets) for product in basket])
    return histories


def _basket(world: World, product: Product, rng: random.Random) -> list[Product]:
    complements = [other for other in world.listed if other.type.name == product.type.complement]
    return [product, rng.choice(complements)]
