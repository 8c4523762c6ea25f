"""Items of the benchmark are found in any wording, and unrelated questions are not flagged."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from shoptune.data.filters.benchmark_items import BenchmarkItems, benchmark_texts
from shoptune.data.filters.decontaminate import Wording
from shoptune.data.recipe import load_tasks
from shoptune.errors import ShoptuneError
from shoptune.shopbench.questions import Question, load_questions

# Other prompts about the same items as the development questions.
CROSS_PROMPTS = {
    "task1": ["What is a(n) {}?", "Define the concept '{}' for a customer.", "Input: {}"],
    "task2": ["Select the category of products that can have the attribute {}."],
    "task4": ["Query: {}\nWhich brand is meant?"],
    "task10": ["What do customers buy together with a(n) {}?", "Given product type {}, which product complements it?"],
    "task12": ["A customer searches for '{}'. Which product is best?"],
}
_ITEM = {
    "task1": r"Input: (?:(?:Explain|Tell me about) the product type )?(.+)",
    "task2": r"attribute (.+?)[?.]",
    "task4": r"Query: (.+)",
    "task10": r"product type (.+?)[,?]",
    "task12": r"'(.+?)'",
}


@pytest.fixture(scope="module")
def questions(development: Path) -> list[Question]:
    return load_questions(development)


@pytest.fixture(scope="module")
def items(development: Path, root: Path) -> BenchmarkItems:
    prompts = [prompt for task in load_tasks(root / "data_recipes").values() for prompt in task.recipe.phrasings]
    return BenchmarkItems.of(benchmark_texts(development), Wording.of(prompts).phrasings)


def _shuffled(text: str, rng: random.Random) -> str:
    """Reorder the options."""
    lines = text.split("\n")
    places = [place for place, line in enumerate(lines) if re.match(r"\s*\d{1,2}[.)]", line)]
    options = [re.sub(r"^\s*\d{1,2}[.)]", "", lines[place]) for place in places]
    rng.shuffle(options)
    for number, (place, option) in enumerate(zip(places, options, strict=True)):
        lines[place] = f"{number}.{option}"
    return "\n".join(lines)


def _edited(text: str, rng: random.Random) -> str:
    """Replace one word in fifteen."""
    words = text.split(" ")
    for _ in range(max(1, len(words) // 15)):
        words[rng.randrange(len(words))] = "changed"
    return " ".join(words)


def test_perturbed_questions_are_found(items: BenchmarkItems, questions: list[Question]) -> None:
    rng = random.Random(0)
    perturbed = [text for q in questions for text in (_shuffled(q.input_field, rng), _edited(q.input_field, rng))]
    assert sum(map(items.found_in, perturbed)) >= 0.9 * len(perturbed)


def test_items_are_found_behind_other_prompts(items: BenchmarkItems, questions: list[Question]) -> None:
    asked = [
        prompt.format(match[1])
        for question in questions
        for prompt in CROSS_PROMPTS.get(question.task_name, [])
        if (match := re.search(_ITEM[question.task_name], question.input_field))
    ]
    missed = [text for text in asked if not items.found_in(text)]
    assert len(asked) >= 28
    assert not missed


def test_unrelated_questions_pass(items: BenchmarkItems, root: Path) -> None:
    file = root.parent / "shared" / "data" / "alpaca" / "alpaca_data_cleaned_1000.json"
    if not file.exists():
        pytest.skip("the real data are not here: shared/data/alpaca")
    records = json.loads(file.read_text(encoding="utf-8"))
    found = sum(items.found_in(f"{record['instruction']}\n{record['input']}") for record in records)
    assert found <= 0.005 * len(records)


def test_shopping_mmlu_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "skills").mkdir()
    line = {"input_field": "Input: Explain the product type gravy boat", "output_field": "x", "task_name": "t"}
    (tmp_path / "skills" / "concepts.json").write_text(json.dumps(line) + "\n")
    (tmp_path / "multiple_choice").mkdir()
    (tmp_path / "multiple_choice" / "a_dataset.csv").write_text(
        "\ufeffquestion,choices,answer\n\"What fits 'Vortelli Bistro Table Lamp, Brass'?\",\"['a', 'b']\",0\n"
    )
    known = BenchmarkItems.of(benchmark_texts(tmp_path))
    assert known.found_in("What is a(n) gravy boat?")
    assert known.found_in("The product 'Vortelli Bistro Table Lamp, Brass' appears on a website.")
    assert not known.found_in("What is a(n) sauce boat?")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShoptuneError, match="contains no questions"):
        benchmark_texts(tmp_path / "empty")
