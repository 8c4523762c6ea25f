"""Questions of the multi-lingual track: titles, descriptions and keywords in other languages than English."""

from __future__ import annotations

import random

from examples.shop.question_forms import Asked, choice, options
from examples.shop.world import Product, ProductType, World

_LANGUAGES = {"de": "German", "fr": "French", "it": "Italian", "es": "Spanish", "ja": "Japanese"}


def keywords(world: World, rng: random.Random) -> Asked:
    """Which keywords fit a product, in one of the European languages."""
    product = rng.choice(world.unlisted)
    language = rng.choice(sorted(set(_LANGUAGES) - {"ja"}))
    right = _keyword_set(world, product, product.type, language)
    wrong = [_keyword_set(world, rng.choice(world.products), other, language) for other in world.others(product.type)]
    listed = options(rng, [right], wrong)
    stem = (
        "Given the following product, which of the following keyword sets is most suitable for it?\n"
        f"Product Title: {world.title(product, language)}\n"
        f"Product Description: {world.description(product, language)}\n"
    )
    return choice(stem, listed, right)


def translate(world: World, rng: random.Random) -> Asked:
    """A product's title in another language."""
    product = rng.choice(world.unlisted)
    language = rng.choice(sorted(_LANGUAGES))
    stem = rng.choice(
        [
            "Translate the product title '{title}' into {language}. \nOutput: ",
            "A product entitled '{title}' exists on an online shopping website. Generate an adequate title for the "
            "product when it appears on a(n) {language} online shopping website.\nOutput: ",
        ]
    )
    return stem.format(title=world.title(product), language=_LANGUAGES[language]), world.title(product, language)


def same_in_another_language(world: World, rng: random.Random) -> Asked:
    """Which description in another language is the same product's."""
    product = rng.choice(world.unlisted)
    others = rng.sample([other for other in world.products if other.type in world.others(product.type)], 3)
    right = world.description(product, rng.choice(sorted(_LANGUAGES)))
    wrong = [world.description(other, rng.choice(sorted(_LANGUAGES))) for other in others]
    listed = options(rng, [right], wrong)
    stem = (
        f"A product with description '{world.description(product)}' exists on an online shopping website. Which of the "
        "following descriptions may describe the same product in a different language?"
    )
    return choice(stem, listed, right)


def _keyword_set(world: World, product: Product, product_type: ProductType, language: str) -> str:
    words = [
        product_type.names[language],
        world.colors[product.color][language],
        world.materials[product.material][language],
    ]
    return ", ".join(words)
