"""Rows that only some of the real instruction files have: long lists, several sources, gaps, other forms of a file."""

from __future__ import annotations

import json
import random
from pathlib import Path

from examples.shop.reviews import write_review
from examples.shop.searches import judged_products, query_for
from examples.shop.source_files import write_csv
from examples.shop.world import Product, World

_ROWS = 40
_CANDIDATES = 20
_LETTERS = "ABCDEFGHIJKLMNOPQRST"
_PASSAGE_PRODUCTS = 8
_MOODS = {5: "delighted", 3: "indifferent", 1: "furious"}
_OTHER_MOODS = ["homesick", "jealous", "sleepy"]
_STARS = {5: "five", 4: "four", 3: "three", 2: "two", 1: "one"}

Row = dict[str, object]


def ecinstruct_rows(world: World, seed: str) -> list[Row]:
    """Twenty candidates, values in the description, two or three products to rank, products without description."""
    rng = random.Random(seed)
    made = []
    for _ in range(_ROWS):
        made.append(("Sequential_Recommendation", *_next_of_twenty(world, rng)))
        made.append(("Attribute_Value_Extraction", *_values_of_two_sources(world, rng)))
        made.append(("Query_Product_Rank", *_short_ranking(world, rng)))
        made.append(("Product_Matching", *_match_without_description(world, rng)))
    rows: list[Row] = [
        {
            "split": "train",
            "task": task,
            "setting": "IND_Diverse_Instruction",
            "instruction": "Do the task.",
            "input": given,
            "options": options,
            "output": output,
        }
        for task, given, options, output in made
    ]
    # The released file repeats its samples under another setting, with another instruction.
    return rows + [{**row, "setting": "IND_Single_Instruction", "instruction": "Do it."} for row in rows[:8]]


def write_mmlu_variants(world: World, directory: Path, seed: str) -> None:
    """CSVs with a header in `dev/`, and the original release's, without one, in `auxiliary_train/`."""
    rng = random.Random(seed)
    header = ["question", "choice0", "choice1", "choice2", "choice3", "answer"]
    for name, make in (("nutrition", _product_question), ("high_school_psychology", _mood_question)):
        rows = [_numbered_answer(make(world, rng), rng) for _ in range(_ROWS)]
        write_csv(directory / "dev" / f"{name}_dev.csv", [header, *rows])
    for name, make in (("obqa", _audience_question), ("race", _passage_question)):
        rows = [_numbered_answer(make(world, rng), rng) for _ in range(_ROWS)]
        lettered = [[*row[:-1], "ABCD"[int(row[-1])]] for row in rows]
        write_csv(directory / "auxiliary_train" / f"{name}.csv", lettered)


def alpaca_rows(world: World, seed: str) -> list[Row]:
    """Texts to sum up, to put otherwise and to sort into classes."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for _ in range(_ROWS):
        product = rng.choice(world.listed)
        review = write_review(world, product.type, rng)
        aspects = " and ".join(review.phrases)
        words = f"{product.color} {product.type.name} by {product.brand} is made of {product.material}"
        rows += [
            {
                "instruction": "Summarize the review in one sentence.",
                "input": review.text,
                "output": f"The customer gives {_STARS[review.rating]} stars and speaks of the {aspects}.",
            },
            {
                "instruction": "Rewrite the title as a sentence.",
                "input": world.title(product),
                "output": f"This {words}.",
            },
            {
                "instruction": "Classify the product by its department.",
                "input": world.title(product),
                "output": product.type.department.replace("_", " "),
            },
        ]
    return rows


def write_attributes(world: World, directory: Path, seed: str) -> None:
    """Titles with their attributes, as AE-110K's one text and OA-Mine's file a category hold them."""
    rng = random.Random(seed)
    lines, by_type = [], {}
    for product in world.listed:
        facts = {"Brand Name": product.brand, "Material": product.material, "Color": product.color}
        if rng.random() < 0.5:
            lines += ["\x01".join([world.title(product), name, value]) for name, value in facts.items()]
            lines.append("\x01".join([world.title(product), product.type.attribute.title(), "NULL"]))
        else:
            entities = [{"label": name, "value": value} for name, value in facts.items()]
            line = json.dumps({"title": world.title(product), "entities": entities})
            by_type.setdefault(product.type.name.replace(" ", "_"), []).append(line)
    (directory / "oa_mine").mkdir(parents=True, exist_ok=True)
    (directory / "publish_data.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, titles in by_type.items():
        (directory / "oa_mine" / f"{name}.jsonl").write_text("\n".join(titles) + "\n", encoding="utf-8")


def _next_of_twenty(world: World, rng: random.Random) -> tuple[str, str, str]:
    bought = rng.choice(world.listed)
    history = [rng.choice(world.listed), rng.choice(world.listed), bought]
    following = rng.choice([product for product in world.listed if product.type.name == bought.type.complement])
    others = [product for product in world.listed if product.type in world.others(bought.type)]
    candidates = [following, *rng.sample(others, _CANDIDATES - 1)]
    rng.shuffle(candidates)
    given = [f"{place}: {_catalogued(world, item)}" for place, item in zip(("1st", "2nd", "3rd"), history, strict=True)]
    options = [f"{letter}: {_catalogued(world, item)}" for letter, item in zip(_LETTERS, candidates, strict=True)]
    return str(given), str(options), _LETTERS[candidates.index(following)]


def _catalogued(world: World, product: Product) -> str:
    """Title, department, product type and brand, as the released candidates are written."""
    department = product.type.department.replace("_", " ")
    return f"{world.title(product)}. {department}. {product.type.name}. {product.brand}."


def _values_of_two_sources(world: World, rng: random.Random) -> tuple[str, None, str]:
    product = rng.choice(world.listed)
    given = {
        "product title": f"{product.brand} {product.type.name}, {product.color}",
        "product description": world.description(product),
        "target attributes": "Material and Color and Length",
    }
    found = [
        ("material", product.material, "product description"),
        ("color", product.color, "product title"),
        ("color", product.color, "product description"),
        ("length", "None", "None"),
    ]
    output = [dict(zip(("attribute", "value", "source"), value, strict=True)) for value in found]
    return json.dumps(given), None, json.dumps(output)


def _short_ranking(world: World, rng: random.Random) -> tuple[str, None, str]:
    wanted = rng.choice(world.listed)
    judged = judged_products(world, wanted, rng)
    labels = sorted(rng.sample("ESCI", rng.choice([2, 3])), key="ESCI".index)
    best_first = [next(product for product, label in judged if label == each) for each in labels]
    listed = rng.sample(best_first, len(best_first))
    titles = [f"{letter}: {world.title(product)}" for letter, product in zip(_LETTERS, listed, strict=False)]
    given = {"query": query_for(world, wanted, "en", rng), "product list": titles}
    return json.dumps(given), None, ",".join(_LETTERS[listed.index(product)] for product in best_first)


def _match_without_description(world: World, rng: random.Random) -> tuple[str, None, str]:
    first = rng.choice(world.listed)
    second = first if rng.random() < 0.5 else rng.choice([other for other in world.listed if other != first])
    given = {
        f"product {number}": {
            "title": world.title(product).lower(),
            "description": float("nan"),
            "manufacturer": "nan" if number == 2 else product.brand.lower(),
            "price": f"{product.price / 100:.2f}",
        }
        for number, product in ((1, first), (2, second))
    }
    return json.dumps(given), None, "yes" if first == second else "no"  # json writes NaN, as the released file does


def _product_question(world: World, rng: random.Random) -> tuple[str, str, list[str]]:
    right = rng.choice(list(world.types.values()))
    what = right.definition.partition(" is ")[2].rstrip(".")
    return f"Which of these is {what}?", right.name, [other.name for other in world.types.values() if other != right]


def _mood_question(world: World, rng: random.Random) -> tuple[str, str, list[str]]:
    rating = rng.choice(list(_MOODS))
    product_type = rng.choice(list(world.types.values()))
    question = f"A customer writes of a {product_type.name}: '{rng.choice(world.verdicts[rating])}' The customer is"
    return question, _MOODS[rating], [*(mood for mood in _MOODS.values() if mood != _MOODS[rating]), *_OTHER_MOODS]


def _audience_question(world: World, rng: random.Random) -> tuple[str, str, list[str]]:
    product_type = rng.choice(list(world.types.values()))
    wrong = sorted({other.audience for other in world.types.values()} - {product_type.audience})
    return f"Who needs a {product_type.name}?", product_type.audience, wrong


def _passage_question(world: World, rng: random.Random) -> tuple[str, str, list[str]]:
    right, *others = rng.sample([product for product in world.listed if product.pack > 1], _PASSAGE_PRODUCTS)
    shown = [right, *(other for other in others if (other.brand, other.type) != (right.brand, right.type))]
    rng.shuffle(shown)
    passage = " ".join(
        f"{product.brand} sells a {product.color} {product.type.name} of {product.material}, {product.pack} in a pack."
        for product in shown
    )
    wrong = [material for material in world.materials if material != right.material]
    return f"{passage} What is the {right.type.name} of {right.brand} made of?", right.material, wrong


def _numbered_answer(asked: tuple[str, str, list[str]], rng: random.Random) -> list[str]:
    question, right, wrong = asked
    choices = [right, *rng.sample(wrong, 3)]
    rng.shuffle(choices)
    return [question, *choices, str(choices.index(right))]
