"""Records of the view `phrasings`, made from the real recipes and a few records written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoptune.data.recipe import load_tasks

TASKS = load_tasks(Path(__file__).parents[3] / "data_recipes")

_COLORS, _THINGS = ("Red", "Blue", "Green"), ("Mug", "Kettle", "Bowl", "Plate")
_TITLES = [f"Acme {color} {thing}" for color in _COLORS for thing in _THINGS]
_RECORDS: dict[str, dict[str, Any]] = {
    "esci_query_entity": {"text": "acme kettle blue", "entity_type": "brand", "entities": ["acme"]},
    "review_sentiment": {
        "product_type": "kettle",
        "review": "Boils fast.\nI love it!",
        "answer": "very positive",
        "distractors": ["very negative", "negative", "neutral", "positive"],
    },
    "m2_also_viewed": {
        "title": "Acme Whistling Kettle",
        "positives": ["Acme Teapot", "Acme Tea Infuser", "Acme Trivet"],
        "negatives": _TITLES,
    },
    "review_category_generation": {"title": "Acme Whistling Kettle 1.7 L", "answer": "kettle"},
    "ecinstruct_query_product_ranking": {"query": "blue kettle", "items": _TITLES[:5], "gains": [0.1, 1, 0, 0.01, 1]},
}


def record_of(name: str, language: str = "en") -> dict[str, Any]:
    """The record of a task."""
    recipe = TASKS[name].recipe
    seeds = recipe.prompts if language == recipe.language else recipe.translations[language]
    only = recipe.model_copy(update={"prompts": seeds[:1], "translations": {}, "records": ""})
    samples = [{"key": f"{name}/{number}", **_RECORDS[name]} for number in range(2)]
    return {
        "task": name,
        "language": language,
        "seeds": list(dict.fromkeys(seeds)),
        "recipe": only.model_dump_json(),
        "samples": json.dumps(samples),
    }
