"""Questions of the track of user behavior: what customers look for, click on, buy and say."""

from __future__ import annotations

import random

from examples.shop.question_forms import Asked, choice, numbered, options, places
from examples.shop.reviews import write_review
from examples.shop.searches import by_relevance, query_for
from examples.shop.world import World

_GAINS = {"E": 1, "S": 0.1, "C": 0.01, "I": 0}


def query_relation(world: World, rng: random.Random) -> Asked:
    """The relation of a customer's second query to the first: unrelated, substitute, complement or narrower."""
    product = rng.choice(world.unlisted)
    relation = rng.choice(["irrelevant", "substitute", "complement", "narrowing"])
    first = rng.choice([product.type.name, product.brand])
    other_brands = [brand for brand in product.type.brands if brand != product.brand]
    second = {
        "irrelevant": rng.choice(world.others(product.type)).name,
        "substitute": rng.choice(other_brands),
        "complement": product.type.complement,
        "narrowing": f"{first} {rng.choice([product.color, product.material])}",
    }[relation]
    listed = options(rng, ["irrelevant", "substitute", "complement", "narrowing"], [])
    stem = f'Which of the following statements best describes the relation from query "{first}" to query "{second}"?'
    return choice(stem, listed, relation)


def rank(world: World, rng: random.Random) -> Asked:
    """Five products in the order of their relevance to a query."""
    wanted = rng.choice(world.unlisted)
    substitutes, complements, unrelated = by_relevance(world, wanted, world.products)
    judged = [(wanted, "E"), (rng.choice(substitutes), "S"), (rng.choice(complements), "C")]
    judged += [(product, "I") for product in rng.sample(unrelated, 2)]
    rng.shuffle(judged)
    text = (
        f"A user has made a query with keyword '{query_for(world, wanted, 'en', rng)}'. Given the following numbered "
        "list of 5 products, please rank the products according their relevance with the query. \nProduct List: \n"
        f"{numbered([world.title(product) for product, _ in judged])}\nYou should output a permutation of 1 to 5. "
        "There should be a comma separating two numbers. Only respond with the ranking results. \nOutput: "
    )
    return text, [_GAINS[label] for _, label in judged]


def next_query(world: World, rng: random.Random) -> Asked:
    """Which of ten queries follows a query and two clicks."""
    wanted = rng.choice(world.unlisted)
    clicked = [product for product in world.products if product.type == wanted.type and product != wanted]
    actions = [f"Query keyword '{query_for(world, wanted, 'en', rng)}'"]
    actions += [f"Click on product '{world.title(product)}'" for product in rng.sample(clicked, 2)]
    right = f"{wanted.type.complement} {rng.choice(sorted(world.colors))}"
    wrong = [f"{other.name} {rng.choice(sorted(world.colors))}" for other in world.others(wanted.type)]
    listed = options(rng, [right], wrong, size=10)
    text = (
        "You are a user on an online shopping platform. Suppose you have just performed the following sequence of "
        "actions of queries and clicks. What is most likely to be the keyword of your next query? \nYou are given a "
        "numbered list of ten candidate queries. Select three from the list that you think most likely. Output ONLY "
        "three numbers separated with comma. Do not give explanations. \n\nAction Sequence:\n"
        + "\n".join(actions)
        + f"\n\nQuery List:\n{numbered(listed)}\nOutput (answer in three comma-separated numbers): "
    )
    return text, places(listed, [right])


def also_bought(world: World, rng: random.Random) -> Asked:
    """Which three of fifteen products go with the one just bought."""
    bought = rng.choice(world.unlisted)
    complements = [world.title(product) for product in world.products if product.type.name == bought.type.complement]
    unrelated = [world.title(product) for product in world.products if product.type in world.others(bought.type)]
    right = rng.sample(complements, 3)
    listed = options(rng, right, unrelated, size=15)
    text = (
        f"A user on an online shopping website has just purchased a product '{world.title(bought)}'. The following "
        "numbered list contains 15 products. Please select 3 products from the list that the user may also purchase.\n"
        f"Product List: \n{numbered(listed)}\nYou should output 3 numbers that correspond to the selected products. "
        "There should be a comma separating every two numbers. Only respond with the results. \nOutput: "
    )
    return text, places(listed, right)


def rating(world: World, rng: random.Random) -> Asked:
    """How many stars go with a review's text."""
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng)
    text = (
        "Instructions: Evaluate the following product review on a scale of 1 to 5, with 1 being very negative and 5 "
        f"being very positive. \nInput: a review text for a(n) {product_type.name} product\n{review.text}\n"
        "Output:\nAnswer: "
    )
    return text, review.rating
