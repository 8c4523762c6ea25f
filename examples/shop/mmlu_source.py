"""Multiple-choice questions about the shop, in the on-disk format of MMLU."""

from __future__ import annotations

import random
from pathlib import Path

from examples.shop.instruct_variants import write_mmlu_variants
from examples.shop.source_files import write_parquet
from examples.shop.world import World

_MMLU_ROWS = 240


def write_mmlu(world: World, directory: Path, seed: str) -> None:
    """A Parquet file as the hub has it, `question, subject, choices, answer`, and some subjects in other forms."""
    rng = random.Random(seed)
    rows = []
    for number in range(_MMLU_ROWS):
        subject, question, right, wrong = _MMLU[number % len(_MMLU)](world, rng)
        choices = [right, *rng.sample(wrong, 3)]
        rng.shuffle(choices)
        rows.append({"question": question, "subject": subject, "choices": choices, "answer": choices.index(right)})
    write_parquet(directory / "validation-00000-of-00001.parquet", rows)
    write_mmlu_variants(world, directory, f"{seed}/variants")


def _brand_question(world: World, rng: random.Random) -> tuple[str, str, str, list[str]]:
    right = rng.choice(list(world.types.values()))
    wrong = [other.name for other in world.types.values() if other != right]
    return "marketing", f"What does the brand {rng.choice(right.brands)} make?", right.name, wrong


def _department_question(world: World, rng: random.Random) -> tuple[str, str, str, list[str]]:
    right = rng.choice(list(world.types.values()))
    departments = sorted({other.department.replace("_", " ") for other in world.types.values()})
    wrong = [name for name in [*departments, "Garden", "Books"] if name != right.department.replace("_", " ")]
    return "management", f"In which department is the {right.name}?", right.department.replace("_", " "), wrong


def _sum_question(_world: World, rng: random.Random) -> tuple[str, str, str, list[str]]:
    pieces, weight = rng.randint(2, 6), rng.randint(2, 9)
    total = pieces * weight
    wrong = [str(value) for value in (pieces + weight, total + weight, total + 1, total - 1, total + 10)]
    question = f"A pack holds {pieces} pieces of {weight} ounces. What is its weight in ounces?"
    return "elementary_mathematics", question, str(total), [value for value in wrong if value != str(total)]


_MMLU = (_brand_question, _department_question, _sum_question)
