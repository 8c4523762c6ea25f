"""Customers' queries, and the relevance of the products shown for them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from examples.shop.world import Product, World


def query_for(world: World, wanted: Product, language: str, rng: random.Random) -> str:
    """A query of a customer who looks for a product."""
    name = wanted.type.names[language]
    color, material = world.colors[wanted.color][language], world.materials[wanted.material][language]
    return rng.choice(
        [f"{wanted.brand} {name}", f"{name} {color}", f"{material} {name}", f"{wanted.brand} {name} {color}"]
    )


def by_relevance(
    world: World, wanted: Product, products: Iterable[Product]
) -> tuple[list[Product], list[Product], list[Product]]:
    """Of some products, the substitutes, the complements and the irrelevant ones for who looks for one of them."""
    others = [product for product in products if product != wanted]
    substitutes = [product for product in others if product.type == wanted.type and product.brand != wanted.brand]
    complements = [product for product in others if product.type.name == wanted.type.complement]
    unrelated = [product for product in others if product.type in world.others(wanted.type)]
    return substitutes, complements, unrelated


def judged_products(world: World, wanted: Product, rng: random.Random) -> list[tuple[Product, str]]:
    """Products with their relevance for who looks for one: exact, substitute, complement or irrelevant, mixed."""
    substitutes, complements, unrelated = by_relevance(world, wanted, world.listed)
    judged = [(wanted, "E")]
    judged += [(product, "S") for product in rng.sample(substitutes, 2)]
    judged += [(product, "C") for product in rng.sample(complements, 2)]
    judged += [(product, "I") for product in rng.sample(unrelated, 3)]
    rng.shuffle(judged)
    return judged
