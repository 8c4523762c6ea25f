"""Questions as other teams of the challenge published them: EC-Guide's files and EshopInstruct's."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from examples.shop.reviews import write_review
from examples.shop.source_files import write_jsonl
from examples.shop.world import World

_ROWS_PER_FILE = 20
# question, answer, metric
Made = tuple[str, object, str]


def write_ecguide(world: World, directory: Path, seed: str) -> None:
    """One file of JSON lines per kind of question, in a folder per task type."""
    rng = random.Random(seed)
    for name, (make, task_type) in _EC_GUIDE.items():
        rows = []
        for _ in range(_ROWS_PER_FILE):
            question, answer, metric = make(world, rng)
            rows.append({"input_field": question, "output_field": answer, "task_type": task_type, "metric": metric})
        write_jsonl(directory / f"{name}.jsonl", rows)


def write_eshopinstruct(world: World, directory: Path, seed: str) -> None:
    """`train.jsonl` with the fields of instruction data; answers are texts, lists as Python prints them."""
    rng = random.Random(seed)
    rows = []
    for make, task_type in _EC_GUIDE.values():
        for _ in range(_ROWS_PER_FILE // 2):
            question, answer, _ = make(world, rng)
            rows.append({"instruction": question, "input": "", "output": str(answer), "task_type": task_type})
    write_jsonl(directory / "train.jsonl", rows)


def _same_attribute(world: World, rng: random.Random) -> Made:
    product = rng.choice(world.listed)
    colors = [product.color, *rng.sample([color for color in world.colors if color != product.color], 3)]
    rng.shuffle(colors)
    listed = "\n".join(f"{number}. {color}" for number, color in enumerate(colors))
    question = f"What is the color of the '{world.title(product)}'?\n{listed}\nAnswer: "
    return question, colors.index(product.color), "accuracy"


def _relation(world: World, rng: random.Random) -> Made:
    first, second = rng.sample(world.listed, 2)
    question = (
        "Given the title of two products, predict if the two products are similar. Output yes or no.\n"
        f'Product 1: "{world.title(first)}", Product 2: "{world.title(second)}"\nAnswer: '
    )
    return question, "yes" if first.type == second.type else "no", "bool"


def _entity(world: World, rng: random.Random) -> Made:
    product = rng.choice(world.listed)
    kind, value = rng.choice([("MATERIAL", product.material), ("COLOR", product.color), ("BRAND", product.brand)])
    question = (
        "A customer on an online shopping platform has made the following query. Please extract phrases from the query "
        f"that corresponds to the entity type '{kind}'. \nQuery: {world.title(product).lower()}\nOutput: "
    )
    return question, [value.lower()], "micro f1"


def _products_of_category(world: World, rng: random.Random) -> Made:
    product_type = rng.choice(list(world.types.values()))
    right = rng.sample([product for product in world.listed if product.type == product_type], rng.randint(1, 4))
    wrong = rng.sample([product for product in world.listed if product.type != product_type], 10)
    listed = [*right, *wrong]
    rng.shuffle(listed)
    items = "\n".join(f"{number}. {world.title(product)}" for number, product in enumerate(listed))
    question = (
        f"Assess the products for category '{product_type.name}'. List the indices of all applicable products in a "
        f"comma-separated format.\nProducts: {items}\nOutput:"
    )
    return question, [number for number, product in enumerate(listed) if product in right], "hit rate@3"


def _category(world: World, rng: random.Random) -> Made:
    product = rng.choice(world.listed)
    question = f"Instruction: Define which categories the product '{world.title(product)}' falls into.\nAnswer: "
    return question, f"{product.type.department.replace('_', ' ')}, {product.type.name}", "sent-transformer"


def _keyphrase(world: World, rng: random.Random) -> Made:
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng)
    aspect = rng.choice(sorted(review.phrases))
    question = (
        f"Find one keyphrase from a user review about a(n) {product_type.name} that pertains to the aspect. The "
        f"keyphrase should be an unaltered quote from the review.\nReview: {review.text}\nAspect: {aspect}\nOutput:"
    )
    return question, review.phrases[aspect], "rougel"


def _translation(world: World, rng: random.Random) -> Made:
    product = rng.choice(world.listed)
    question = (
        f"A product entitled '{world.title(product, 'de')}' exists on an online shopping website. Generate an adequate "
        "title for the product when it appears on a(n) English online shopping website.\nOutput: "
    )
    return question, world.title(product), "bleu"


_EC_GUIDE: dict[str, tuple[Callable[[World, random.Random], Made], str]] = {
    "MCQ/SAP": (_same_attribute, "multiple-choice"),
    "MCQ/PRP": (_relation, "multiple-choice"),
    "NER/NER": (_entity, "named_entity_recognition"),
    "Retrieval/PR": (_products_of_category, "retrieval"),
    "Generation/CR": (_category, "generation"),
    "Generation/ERK": (_keyphrase, "generation"),
    "Generation/MT": (_translation, "generation"),
}
