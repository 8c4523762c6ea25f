"""Questions of the tracks of shopping concepts and shopping knowledge: what products are, have and go with."""

from __future__ import annotations

import random

from examples.shop.question_forms import Asked, choice, numbered, options, places
from examples.shop.reviews import write_review
from examples.shop.world import World


def explain(world: World, rng: random.Random) -> Asked:
    """Describe a product type in a sentence."""
    product_type = rng.choice(list(world.types.values()))
    phrasing = rng.choice(
        [
            "Instructions: Tell me what this product category is about\nInput: {name}\nOutput:",
            "Instructions: Explain the product category name\nInput: {name}\nOutput:",
            "Input: Explain the product type {name}\nOutput:",
            "Input: Tell me about the product type {name}\nOutput:",
        ]
    )
    return phrasing.format(name=product_type.name), product_type.definition


def attribute(world: World, rng: random.Random) -> Asked:
    """Which product type may have an attribute."""
    right = rng.choice(list(world.types.values()))
    listed = options(rng, [right.name], [other.name for other in world.types.values() if other != right])
    stem = rng.choice(
        [
            "Which of the following product categories may have the attribute {attribute}?",
            "Select the category of products that can have the attribute {attribute}.",
        ]
    )
    return choice(stem.format(attribute=right.attribute), listed, right.name)


def positive_snippets(world: World, rng: random.Random) -> Asked:
    """Which of fifteen snippets praise one aspect of a product."""
    product_type = rng.choice(list(world.types.values()))
    aspect = rng.choice(product_type.aspects)
    right = world.aspects[aspect]["good"]
    others = [
        phrase for name, kinds in world.aspects.items() for phrase in kinds["good"] + kinds["bad"] if name != aspect
    ]
    listed = options(rng, right, others, size=15)
    text = (
        f"A customer has bought a(n) {product_type.name} product and wants to write a review to express a positive "
        f"sentiment on the {aspect} aspect. \nYou are given a numbered list of 15 potential review snippets. Please "
        "select 3 snippets from the list that the customer is most likely to write in his review. \nYou should output "
        "three numbers, separated with comma. Do not give explanations. \n"
        f"Review Snippet List: \n{numbered(listed)}\nOutput: "
    )
    return text, places(listed, right)


def entities(world: World, rng: random.Random) -> Asked:
    """The words of a query that name one thing: product type, brand, color or composition."""
    product = rng.choice(world.unlisted)
    words = {"brand": product.brand, "color": product.color, "composition": product.material}
    second = rng.choice(sorted(words))
    query = rng.choice([f"{words[second]} {product.type.name}", f"{product.type.name} {words[second]}"])
    entity, value = rng.choice([("product type", product.type.name), (second, words[second])])
    text = (
        "You are a helpful online shop assistant and a linguist. A customer on an online shopping platform has made "
        f"the following query. Please extract phrases from the query that correspond to the entity type '{entity}'. \n"
        "Please directly output the entity without repeating the entity type. Do not give explanations. \n"
        f"Query: {query}\nOutput: "
    )
    return text, [value]


def material(world: World, rng: random.Random) -> Asked:
    """The material of a product, from its title."""
    product = rng.choice(world.unlisted)
    listed = options(rng, [product.material], [name for name in world.materials if name != product.material])
    stem = (
        f"The product '{world.title(product)}' appears on an e-commerce website.  What type of material is used in it?"
    )
    return choice(stem, listed, product.material)


def keyphrase(world: World, rng: random.Random) -> Asked:
    """The words of a review that speak of one aspect."""
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng, aspects=2)
    aspect = rng.choice(sorted(review.phrases))
    text = (
        f"You are given a user review to a(n) {product_type.name} product and an aspect covered in the review. \n"
        "Please extract the keyphrase from the review that mentions the given aspect. \n"
        "You should only extract ONLY ONE keyphrase from the review. Do not give explanations. \n"
        f"Review: {review.text}\nAspect: {aspect}\nOutput: \n"
    )
    return text, review.phrases[aspect]


def covered_aspects(world: World, rng: random.Random) -> Asked:
    """Which three of ten aspects a review speaks of."""
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng, aspects=3)
    covered = list(review.phrases)
    listed = options(rng, covered, [name for name in world.aspects if name not in covered], size=10)
    text = (
        f"You are given a user review given to a(n) {product_type.name} product. You are also given a numbered list of "
        "ten aspects. \nPlease choose three aspects from the list that are covered by the review. \nYou should ONLY "
        "output three numbers, separated by comma. Do not generate explanations or other texts. \n"
        f"Review: \n{review.text}\nAspect List: \n{numbered(listed, gap='')}\nOutput: "
    )
    return text, places(listed, covered)


def total_weight(world: World, rng: random.Random) -> Asked:
    """The total weight of all pieces in a pack."""
    product = rng.choice([product for product in world.unlisted if product.pack > 1])
    total = product.weight * product.pack
    wrong = {product.weight, product.weight + product.pack, total + product.weight, total - product.pack, total + 10}
    listed = options(rng, [f"{total} ounce"], [f"{value} ounce" for value in sorted(wrong - {total})])
    stem = f"The product '{world.title(product)}' appears on e-commerce website. What is the total weight of the pack?"
    return choice(stem, listed, f"{total} ounce")


def complement(world: World, rng: random.Random) -> Asked:
    """Which product type goes with another."""
    given = rng.choice(list(world.types.values()))
    listed = options(rng, [given.complement], [other.name for other in world.others(given)])
    stem = rng.choice(
        [
            "Which of the following product categories best complement the product type {name}?",
            "Given product type {name}, which of the following product categories best complement the given product "
            "type?",
        ]
    )
    return choice(stem.format(name=given.name), listed, given.complement)
