"""Questions about the shop in ShopBench's development format: five task types, four tracks, never seen in training."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from catalog_sources import query_for
from reviews import write_review
from world import Product, ProductType, World

_CONCEPTS = "amazon-kdd-cup-24-understanding-shopping-concepts"
_REASONING = "amazon-kdd-cup-24-shopping-knowledge-reasoning"
_BEHAVIOR = "amazon-kdd-cup-24-user-behavior-alignment"
_MULTILINGUAL = "amazon-kdd-cup-24-multi-lingual-abilities"

_LANGUAGES = {"de": "German", "fr": "French", "it": "Italian", "es": "Spanish", "ja": "Japanese"}
_GAINS = {"E": 1, "S": 0.1, "C": 0.01, "I": 0}

# The question's text and its reference.
Asked = tuple[str, object]


def write_questions(world: World, directory: Path, seed: str, per_task: dict[str, int]) -> None:
    """One file of questions for each name in `per_task`; no question is in two files."""
    seen: set[str] = set()
    for name, count in per_task.items():
        rng = random.Random(f"{seed}/{name}")
        lines = []
        for task_name, (ask, task_type, metric, track) in _TASKS.items():
            made = 0
            while made < count:
                text, reference = ask(world, rng)
                if text in seen:
                    continue
                seen.add(text)
                made += 1
                language_metric = "jp-bleu" if metric == "bleu" and "Japanese" in text else metric
                lines.append(
                    {
                        "input_field": text,
                        "output_field": reference,
                        "task_name": task_name,
                        "task_type": task_type,
                        "metric": language_metric,
                        "is_multiple_choice": task_type == "multiple-choice",
                        "track": track,
                    }
                )
        directory.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (directory / f"{name}.json").write_text(text, encoding="utf-8")


def _explain(world: World, rng: random.Random) -> Asked:
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


def _attribute(world: World, rng: random.Random) -> Asked:
    right = rng.choice(list(world.types.values()))
    options = _options(rng, [right.name], [other.name for other in world.types.values() if other != right])
    stem = rng.choice(
        [
            "Which of the following product categories may have the attribute {attribute}?",
            "Select the category of products that can have the attribute {attribute}.",
        ]
    )
    return _choice(stem.format(attribute=right.attribute), options, right.name)


def _positive_snippets(world: World, rng: random.Random) -> Asked:
    product_type = rng.choice(list(world.types.values()))
    aspect = rng.choice(product_type.aspects)
    right = world.aspects[aspect]["good"]
    others = [
        phrase for name, kinds in world.aspects.items() for phrase in kinds["good"] + kinds["bad"] if name != aspect
    ]
    listed = _options(rng, right, others, size=15)
    text = (
        f"A customer has bought a(n) {product_type.name} product and wants to write a review to express a positive "
        f"sentiment on the {aspect} aspect. \nYou are given a numbered list of 15 potential review snippets. Please "
        "select 3 snippets from the list that the customer is most likely to write in his review. \nYou should output "
        "three numbers, separated with comma. Do not give explanations. \n"
        f"Review Snippet List: \n{_numbered(listed)}\nOutput: "
    )
    return text, _places(listed, right)


def _entities(world: World, rng: random.Random) -> Asked:
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


def _material(world: World, rng: random.Random) -> Asked:
    product = rng.choice(world.unlisted)
    options = _options(rng, [product.material], [name for name in world.materials if name != product.material])
    stem = (
        f"The product '{world.title(product)}' appears on an e-commerce website.  What type of material is used in it?"
    )
    return _choice(stem, options, product.material)


def _keyphrase(world: World, rng: random.Random) -> Asked:
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


def _covered_aspects(world: World, rng: random.Random) -> Asked:
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng, aspects=3)
    covered = list(review.phrases)
    listed = _options(rng, covered, [name for name in world.aspects if name not in covered], size=10)
    text = (
        f"You are given a user review given to a(n) {product_type.name} product. You are also given a numbered list of "
        "ten aspects. \nPlease choose three aspects from the list that are covered by the review. \nYou should ONLY "
        "output three numbers, separated by comma. Do not generate explanations or other texts. \n"
        f"Review: \n{review.text}\nAspect List: \n{_numbered(listed, gap='')}\nOutput: "
    )
    return text, _places(listed, covered)


def _total_weight(world: World, rng: random.Random) -> Asked:
    product = rng.choice([product for product in world.unlisted if product.pack > 1])
    total = product.weight * product.pack
    wrong = {product.weight, product.weight + product.pack, total + product.weight, total - product.pack, total + 10}
    options = _options(rng, [f"{total} ounce"], [f"{value} ounce" for value in sorted(wrong - {total})])
    stem = f"The product '{world.title(product)}' appears on e-commerce website. What is the total weight of the pack?"
    return _choice(stem, options, f"{total} ounce")


def _complement(world: World, rng: random.Random) -> Asked:
    given = rng.choice(list(world.types.values()))
    options = _options(rng, [given.complement], [other.name for other in world.others(given)])
    stem = rng.choice(
        [
            "Which of the following product categories best complement the product type {name}?",
            "Given product type {name}, which of the following product categories best complement the given product "
            "type?",
        ]
    )
    return _choice(stem.format(name=given.name), options, given.complement)


def _query_relation(world: World, rng: random.Random) -> Asked:
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
    options = _options(rng, ["irrelevant", "substitute", "complement", "narrowing"], [])
    stem = f'Which of the following statements best describes the relation from query "{first}" to query "{second}"?'
    return _choice(stem, options, relation)


def _rank(world: World, rng: random.Random) -> Asked:
    wanted = rng.choice(world.unlisted)
    others = [product for product in world.products if product != wanted]
    same = [product for product in others if product.type == wanted.type and product.brand != wanted.brand]
    complements = [product for product in others if product.type.name == wanted.type.complement]
    strangers = [product for product in others if product.type in world.others(wanted.type)]
    judged = [(wanted, "E"), (rng.choice(same), "S"), (rng.choice(complements), "C")]
    judged += [(product, "I") for product in rng.sample(strangers, 2)]
    rng.shuffle(judged)
    text = (
        f"A user has made a query with keyword '{query_for(world, wanted, 'en', rng)}'. Given the following numbered "
        "list of 5 products, please rank the products according their relevance with the query. \nProduct List: \n"
        f"{_numbered([world.title(product) for product, _ in judged])}\nYou should output a permutation of 1 to 5. "
        "There should be a comma separating two numbers. Only respond with the ranking results. \nOutput: "
    )
    return text, [_GAINS[label] for _, label in judged]


def _next_query(world: World, rng: random.Random) -> Asked:
    wanted = rng.choice(world.unlisted)
    clicked = [product for product in world.products if product.type == wanted.type and product != wanted]
    actions = [f"Query keyword '{query_for(world, wanted, 'en', rng)}'"]
    actions += [f"Click on product '{world.title(product)}'" for product in rng.sample(clicked, 2)]
    right = f"{wanted.type.complement} {rng.choice(sorted(world.colors))}"
    wrong = [f"{other.name} {rng.choice(sorted(world.colors))}" for other in world.others(wanted.type)]
    listed = _options(rng, [right], wrong, size=10)
    text = (
        "You are a user on an online shopping platform. Suppose you have just performed the following sequence of "
        "actions of queries and clicks. What is most likely to be the keyword of your next query? \nYou are given a "
        "numbered list of ten candidate queries. Select three from the list that you think most likely. Output ONLY "
        "three numbers separated with comma. Do not give explanations. \n\nAction Sequence:\n"
        + "\n".join(actions)
        + f"\n\nQuery List:\n{_numbered(listed)}\nOutput (answer in three comma-separated numbers): "
    )
    return text, _places(listed, [right])


def _also_bought(world: World, rng: random.Random) -> Asked:
    bought = rng.choice(world.unlisted)
    complements = [world.title(product) for product in world.products if product.type.name == bought.type.complement]
    strangers = [world.title(product) for product in world.products if product.type in world.others(bought.type)]
    right = rng.sample(complements, 3)
    listed = _options(rng, right, strangers, size=15)
    text = (
        f"A user on an online shopping website has just purchased a product '{world.title(bought)}'. The following "
        "numbered list contains 15 products. Please select 3 products from the list that the user may also purchase.\n"
        f"Product List: \n{_numbered(listed)}\nYou should output 3 numbers that correspond to the selected products. "
        "There should be a comma separating every two numbers. Only respond with the results. \nOutput: "
    )
    return text, _places(listed, right)


def _rating(world: World, rng: random.Random) -> Asked:
    product_type = rng.choice(list(world.types.values()))
    review = write_review(world, product_type, rng)
    text = (
        "Instructions: Evaluate the following product review on a scale of 1 to 5, with 1 being very negative and 5 "
        f"being very positive. \nInput: a review text for a(n) {product_type.name} product\n{review.text}\n"
        "Output:\nAnswer: "
    )
    return text, review.rating


def _keywords(world: World, rng: random.Random) -> Asked:
    product = rng.choice(world.unlisted)
    language = rng.choice(sorted(set(_LANGUAGES) - {"ja"}))
    right = _keyword_set(world, product, product.type, language)
    wrong = [_keyword_set(world, rng.choice(world.products), other, language) for other in world.others(product.type)]
    options = _options(rng, [right], wrong)
    stem = (
        "Given the following product, which of the following keyword sets is most suitable for it?\n"
        f"Product Title: {world.title(product, language)}\n"
        f"Product Description: {world.description(product, language)}\n"
    )
    return _choice(stem, options, right)


def _keyword_set(world: World, product: Product, product_type: ProductType, language: str) -> str:
    words = [
        product_type.names[language],
        world.colors[product.color][language],
        world.materials[product.material][language],
    ]
    return ", ".join(words)


def _translate(world: World, rng: random.Random) -> Asked:
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


def _same_in_another_language(world: World, rng: random.Random) -> Asked:
    product = rng.choice(world.unlisted)
    others = rng.sample([other for other in world.products if other.type in world.others(product.type)], 3)
    right = world.description(product, rng.choice(sorted(_LANGUAGES)))
    wrong = [world.description(other, rng.choice(sorted(_LANGUAGES))) for other in others]
    options = _options(rng, [right], wrong)
    stem = (
        f"A product with description '{world.description(product)}' exists on an online shopping website. Which of the "
        "following descriptions may describe the same product in a different language?"
    )
    return _choice(stem, options, right)


def _options(rng: random.Random, right: list[str], pool: list[str], size: int = 4) -> list[str]:
    """The right options and others drawn from a pool, mixed."""
    options = right + rng.sample(pool, size - len(right))
    rng.shuffle(options)
    return options


def _choice(stem: str, options: list[str], right: str) -> Asked:
    lines = "\n".join(f"{number}. {option}" for number, option in enumerate(options))
    return f"{stem}\n{lines}\nAnswer: ", options.index(right)


def _numbered(items: list[str], gap: str = " ") -> str:
    return "\n".join(f"{number}.{gap}{item}" for number, item in enumerate(items, start=1))


def _places(listed: list[str], right: list[str]) -> list[int]:
    return sorted(listed.index(item) + 1 for item in right)


_TASKS: dict[str, tuple[Callable[[World, random.Random], Asked], str, str, str]] = {
    "task1": (_explain, "generation", "sent-transformer", _CONCEPTS),
    "task2": (_attribute, "multiple-choice", "accuracy", _CONCEPTS),
    "task3": (_positive_snippets, "retrieval", "hit rate@3", _CONCEPTS),
    "task4": (_entities, "named_entity_recognition", "micro f1", _CONCEPTS),
    "task5": (_material, "multiple-choice", "accuracy", _CONCEPTS),
    "task6": (_keyphrase, "generation", "rougel", _CONCEPTS),
    "task7": (_covered_aspects, "retrieval", "hit rate@3", _CONCEPTS),
    "task8": (_total_weight, "multiple-choice", "accuracy", _REASONING),
    "task10": (_complement, "multiple-choice", "accuracy", _REASONING),
    "task11": (_query_relation, "multiple-choice", "accuracy", _BEHAVIOR),
    "task12": (_rank, "ranking", "ndcg", _BEHAVIOR),
    "task13": (_next_query, "retrieval", "hit rate@3", _BEHAVIOR),
    "task14": (_also_bought, "retrieval", "hit rate@3", _BEHAVIOR),
    "task15": (_rating, "multiple-choice", "accuracy", _BEHAVIOR),
    "task16": (_keywords, "multiple-choice", "accuracy", _MULTILINGUAL),
    "task17": (_translate, "generation", "bleu", _MULTILINGUAL),
    "task18": (_same_in_another_language, "multiple-choice", "accuracy", _MULTILINGUAL),
}
