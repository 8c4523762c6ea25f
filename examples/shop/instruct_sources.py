"""Instructions about the shop in the on-disk formats of ECInstruct and Alpaca."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from examples.shop.instruct_variants import alpaca_rows, ecinstruct_rows
from examples.shop.reviews import write_review
from examples.shop.searches import judged_products, query_for
from examples.shop.source_files import write_json
from examples.shop.world import Product, World

_ROWS_PER_TASK = 60
_RATINGS = {5: "A: very positive", 4: "B: positive", 3: "C: neutral", 2: "D: negative", 1: "E: very negative"}
_RELEVANCE = {
    "E": "A: The product is relevant to the query, and satisfies all the query specifications.",
    "S": "B: The product is somewhat relevant. It fails to fulfill some aspects of the query but the product can be "
    "used as a functional substitute.",
    "C": "C: The product does not fulfill the query, but could be used in combination with a product exactly matching "
    "the query.",
    "I": "D: The product is irrelevant to the query.",
}
_RELATIONS = [
    "A: Users who buy product 1 may also buy product 2.",
    "B: Users who view product 1 may also view product 2.",
    "C: The product 1 is similar with the product 2.",
]
_ORDINALS = ["1st", "2nd", "3rd", "4th"]

# instruction, input (a JSON text, or plain), options (a JSON text, or None), output
Instruction = tuple[str, str, str | None, str]


def write_ecinstruct(world: World, directory: Path, seed: str) -> None:
    """`ECInstruct.json`: ten tasks, each input a JSON object in a string."""
    rng = random.Random(seed)
    rows = []
    for task, make in _TASKS.items():
        for number in range(_ROWS_PER_TASK):
            instruction, given, options, output = make(world, rng)
            rows.append(
                {
                    "split": "test" if number % 10 == 0 else "train",
                    "task": task,
                    "setting": "IND_Diverse_Instruction",
                    "instruction": instruction,
                    "input": given,
                    "options": options,
                    "output": output,
                }
            )
    write_json(directory / "ECInstruct.json", rows + ecinstruct_rows(world, f"{seed}/variants"))


def write_alpaca(world: World, directory: Path, seed: str) -> None:
    """`alpaca_data_cleaned.json`: instructions without or with an input."""
    rng = random.Random(seed)
    rows = []
    for product_type in world.types.values():
        name = product_type.name
        rows += [
            {"instruction": instruction, "input": "", "output": product_type.definition}
            for instruction in (f"Explain what a {name} is.", f"Tell me about the product {name}.", f"Define: {name}")
        ]
        rows.append({"instruction": "Explain the product type.", "input": name, "output": product_type.definition})
        rows.append({"instruction": "Who is this product for?", "input": name, "output": product_type.audience})
        rows.append({"instruction": "List the brands.", "input": name, "output": ", ".join(product_type.brands)})
    for product in world.listed:
        rows.append(
            {"instruction": "Describe it.", "input": world.title(product), "output": world.description(product)}
        )
    rng.shuffle(rows)
    write_json(directory / "alpaca_data_cleaned.json", rows + alpaca_rows(world, f"{seed}/variants"))


def _attribute_value_extraction(world: World, rng: random.Random) -> Instruction:
    product = rng.choice(world.listed)
    attribute, value = rng.choice([("Material", product.material), ("Color", product.color), ("Brand", product.brand)])
    given = {"product title": world.title(product), "target attributes": attribute}
    output = json.dumps([{"attribute": attribute, "value": value, "source": "product title"}])
    return "Extract the value of the target attribute from the product information.", _json(given), None, output


def _product_matching(world: World, rng: random.Random) -> Instruction:
    first = rng.choice(world.listed)
    second = first if rng.random() < 0.5 else rng.choice(world.listed)
    given = {"product 1": _listing(world, first, 0), "product 2": _listing(world, second, 3)}
    instruction = "Determine whether the two products are the same. Only output yes or no."
    return instruction, _json(given), None, "yes" if first == second else "no"


def _product_relation(world: World, rng: random.Random) -> Instruction:
    first = rng.choice(world.listed)
    relation = rng.randrange(len(_RELATIONS))
    pools = [
        [product for product in world.listed if product.type.name == first.type.complement],
        [product for product in world.listed if product.type == first.type and product.brand == first.brand],
        [product for product in world.listed if product.type == first.type and product.brand != first.brand],
    ]
    given = {"Product 1:": world.title(first), "Product 2:": world.title(rng.choice(pools[relation]))}
    return "Predict the relation of the two products.", _json(given), _json(_RELATIONS), "ABC"[relation]


def _sentiment(world: World, rng: random.Random) -> Instruction:
    review = write_review(world, rng.choice(list(world.types.values())), rng)
    return "Identify the user's sentiment.", review.text, _json(list(_RATINGS.values())), _RATINGS[review.rating]


def _sequential_recommendation(world: World, rng: random.Random) -> Instruction:
    bought = rng.choice(world.listed)
    history = [world.title(rng.choice(world.listed)) for _ in range(2)] + [world.title(bought)]
    following = rng.choice([product for product in world.listed if product.type.name == bought.type.complement])
    others = rng.sample([product for product in world.listed if product.type in world.others(bought.type)], 4)
    candidates = [following, *others]
    rng.shuffle(candidates)
    # The released file holds printed Python lists here, not JSON.
    given = str([f"{ordinal}: {title}" for ordinal, title in zip(_ORDINALS, history, strict=False)])
    options = str([f"{'ABCDE'[place]}: {world.title(product)}" for place, product in enumerate(candidates)])
    return "Predict the next product that the user buys.", given, options, "ABCDE"[candidates.index(following)]


def _multiclass_classification(world: World, rng: random.Random) -> Instruction:
    wanted = rng.choice(world.listed)
    product, label = rng.choice(judged_products(world, wanted, rng))
    given = {"query": query_for(world, wanted, "en", rng), "product title": world.title(product)}
    return (
        "What is the relevance of the product to the query?",
        _json(given),
        _json(list(_RELEVANCE.values())),
        _RELEVANCE[label],
    )


def _substitute_identification(world: World, rng: random.Random) -> Instruction:
    wanted = rng.choice(world.listed)
    product, label = rng.choice(judged_products(world, wanted, rng))
    given = {"query": query_for(world, wanted, "en", rng), "product": world.title(product)}
    return "Is the product a substitute? Only output yes or no.", _json(given), None, "yes" if label == "S" else "no"


def _query_product_rank(world: World, rng: random.Random) -> Instruction:
    wanted = rng.choice(world.listed)
    judged = judged_products(world, wanted, rng)
    one_of_each = [next(pair for pair in judged if pair[1] == label) for label in "ESCI"]
    rng.shuffle(one_of_each)
    listed = [f"{'ABCD'[place]}: {world.title(product)}" for place, (product, _) in enumerate(one_of_each)]
    labels = [label for _, label in one_of_each]
    ranked = ",".join("ABCD"[labels.index(label)] for label in "ESCI")
    given = {"query": query_for(world, wanted, "en", rng), "product list": listed}
    return "Rank the products by their relevance to the query.", _json(given), None, ranked


def _answerability(world: World, rng: random.Random) -> Instruction:
    question, review, aspect = _question(world, rng)
    return (
        "Can the document answer the question? Output yes or no.",
        question,
        None,
        "yes" if aspect in review else "no",
    )


def _answer_generation(world: World, rng: random.Random) -> Instruction:
    while True:
        question, review, aspect = _question(world, rng)
        if aspect in review:
            return (
                "Answer the question from the document.",
                question,
                None,
                f"One customer says it is {review[aspect]}.",
            )


def _question(world: World, rng: random.Random) -> tuple[str, dict[str, str], str]:
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng)
    aspect = rng.choice(product_type.aspects)
    given = {"question": f"What about the {aspect} of this {product_type.name}?", "document": [review.text]}
    return _json(given), review.phrases, aspect


_TASKS: dict[str, Callable[[World, random.Random], Instruction]] = {
    "Attribute_Value_Extraction": _attribute_value_extraction,
    "Product_Matching": _product_matching,
    "Product_Relation_Prediction": _product_relation,
    "Sentiment_Analysis": _sentiment,
    "Sequential_Recommendation": _sequential_recommendation,
    "Multiclass_Product_Classification": _multiclass_classification,
    "Product_Substitute_Identification": _substitute_identification,
    "Query_Product_Rank": _query_product_rank,
    "Answerability_Prediction": _answerability,
    "Answer_Generation": _answer_generation,
}


def _listing(world: World, product: Product, cents_off: int) -> dict[str, str]:
    return {
        "title": world.title(product),
        "description": world.description(product),
        "manufacturer": product.brand,
        "price": f"{(product.price - cents_off) / 100:.2f}",
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
