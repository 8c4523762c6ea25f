"""Questions about the shop in ShopBench's development format: five task types, four tracks, never seen in training."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from examples.shop.behavior_questions import also_bought, next_query, query_relation, rank, rating
from examples.shop.knowledge_questions import (
    attribute,
    complement,
    covered_aspects,
    entities,
    explain,
    keyphrase,
    material,
    positive_snippets,
    total_weight,
)
from examples.shop.multilingual_questions import keywords, same_in_another_language, translate
from examples.shop.question_forms import Asked
from examples.shop.world import World

_CONCEPTS = "amazon-kdd-cup-24-understanding-shopping-concepts"
_REASONING = "amazon-kdd-cup-24-shopping-knowledge-reasoning"
_BEHAVIOR = "amazon-kdd-cup-24-user-behavior-alignment"
_MULTILINGUAL = "amazon-kdd-cup-24-multi-lingual-abilities"


def write_questions(world: World, directory: Path, seed: str, per_task: dict[str, int]) -> None:
    """One file of questions for each name in `per_task`; no question is in two files."""
    seen: set[str] = set()
    for name, count in per_task.items():
        rng = random.Random(f"{seed}/{name}")
        lines = []
        for task_name in TASKS:
            made = 0
            while made < count:
                line = question_line(world, rng, task_name)
                if line["input_field"] in seen:
                    continue
                seen.add(str(line["input_field"]))
                made += 1
                lines.append(line)
        directory.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (directory / f"{name}.json").write_text(text, encoding="utf-8")


def question_line(world: World, rng: random.Random, task_name: str) -> dict[str, object]:
    """One question of a task, drawn at random, with the fields of the development format."""
    ask, task_type, metric, track = TASKS[task_name]
    text, reference = ask(world, rng)
    return {
        "input_field": text,
        "output_field": reference,
        "task_name": task_name,
        "task_type": task_type,
        "metric": "jp-bleu" if metric == "bleu" and "Japanese" in text else metric,
        "is_multiple_choice": task_type == "multiple-choice",
        "track": track,
    }


TASKS: dict[str, tuple[Callable[[World, random.Random], Asked], str, str, str]] = {
    "task1": (explain, "generation", "sent-transformer", _CONCEPTS),
    "task2": (attribute, "multiple-choice", "accuracy", _CONCEPTS),
    "task3": (positive_snippets, "retrieval", "hit rate@3", _CONCEPTS),
    "task4": (entities, "named_entity_recognition", "micro f1", _CONCEPTS),
    "task5": (material, "multiple-choice", "accuracy", _CONCEPTS),
    "task6": (keyphrase, "generation", "rougel", _CONCEPTS),
    "task7": (covered_aspects, "retrieval", "hit rate@3", _CONCEPTS),
    "task8": (total_weight, "multiple-choice", "accuracy", _REASONING),
    "task10": (complement, "multiple-choice", "accuracy", _REASONING),
    "task11": (query_relation, "multiple-choice", "accuracy", _BEHAVIOR),
    "task12": (rank, "ranking", "ndcg", _BEHAVIOR),
    "task13": (next_query, "retrieval", "hit rate@3", _BEHAVIOR),
    "task14": (also_bought, "retrieval", "hit rate@3", _BEHAVIOR),
    "task15": (rating, "multiple-choice", "accuracy", _BEHAVIOR),
    "task16": (keywords, "multiple-choice", "accuracy", _MULTILINGUAL),
    "task17": (translate, "generation", "bleu", _MULTILINGUAL),
    "task18": (same_in_another_language, "multiple-choice", "accuracy", _MULTILINGUAL),
}
