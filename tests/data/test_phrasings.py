"""Every task has enough phrasings, and each asks for what the rows answer, in the benchmark's layout."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoptune.data.recipe import Task, load_tasks
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.rows import Row
from shoptune.shopbench.vocabulary import TaskType
from tests.data.counts import asked_for

TASKS = load_tasks(Path(__file__).parents[2] / "data_recipes")
LANGUAGES = {"amazon_m2": {"de", "es", "fr", "it", "ja"}, "esci": {"es", "ja"}}
# Their options are English words in every locale, or their records are English.
_IN_ENGLISH = {
    "esci_exact_match",
    "esci_query_product_label",
    "esci_query_relation",
    "esci_substitute_identification",
    "m2_title_translation_to_english",
}
_ENDS = {  # as the development questions of the type end
    TaskType.MULTIPLE_CHOICE: ("{{ options }}\nAnswer: ",),
    TaskType.GENERATION: ("\nOutput: ", "\nOutput:", "\nOutput: \n"),
    TaskType.NAMED_ENTITY_RECOGNITION: ("\nOutput: ",),
    TaskType.RETRIEVAL: ("\nOutput: ", "\nOutput (answer in one number): "),
    TaskType.RANKING: ("\nOutput: ",),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_eight_phrasings(name: str) -> None:
    prompts = set(TASKS[name].recipe.prompts)
    if all(prompt.startswith("{{ question }}") for prompt in prompts):
        return  # questions of other rows, which have their own phrasings
    assert len(prompts) >= 8
    # no two phrasings differ only in the order of words
    assert len({tuple(sorted(re.findall(r"\w+", prompt.lower()))) for prompt in prompts}) == len(prompts)


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.source in LANGUAGES])
def test_a_multilingual_task_is_asked_in_its_languages(name: str) -> None:
    wanted = set() if name in _IN_ENGLISH else LANGUAGES[TASKS[name].source]
    if name in {"m2_title_translation", "m2_title_translation_without_english"}:
        wanted = wanted - {"ja"}  # jp-bleu has a task of its own
    if "japanese" in name:
        wanted = {"ja"}
    if name == "esci_bullet_generation":
        wanted = {"es"}  # rougel finds no words in Japanese
    assert set(TASKS[name].recipe.translations) >= wanted


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.recipe.like != "none"])
def test_a_phrasing_ends_as_the_development_question_does(name: str) -> None:
    recipe = TASKS[name].recipe
    ends = ("\nAnswer: ",) if "choice" in recipe.records else _ENDS[recipe.kind]
    assert [prompt for prompt in recipe.phrasings if not prompt.endswith(ends)] == []


@pytest.mark.parametrize("name", TASKS)
def test_each_phrasing_asks_for_what_its_rows_answer(
    name: str, records_of: Callable[[str], list[dict[str, Any]]]
) -> None:
    task = TASKS[name]
    for language, prompts in {"": task.recipe.prompts, **task.recipe.translations}.items():
        for prompt in prompts:
            rows = _rows(task, prompt, [{**each, "language": language or "en"} for each in records_of(name)])
            assert rows, prompt
            for row in rows:
                text, answer = row.question.input_field, row.question.output_field
                multiple_choice = task.recipe.kind is TaskType.MULTIPLE_CHOICE
                assert task_type_of(text, is_multiple_choice=multiple_choice) is task.recipe.kind, text
                assert "None" not in text
                if task.recipe.kind is TaskType.RETRIEVAL:
                    assert isinstance(answer, list)
                    # Questions that others wrote may ask for all that are right.
                    assert asked_for(text) <= {len(answer)}, text
                    assert task.source in {"ecguide", "eshopinstruct"} or asked_for(text), text


def test_a_row_takes_a_phrasing_of_its_language_or_an_english_one() -> None:
    base = TASKS["m2_author"]
    recipe = base.recipe.model_copy(
        update={"prompts": ("Who?\n{{ options }}",), "translations": {"de": ("Wer?\n{{ options }}",)}}
    )
    record = {"title": "a", "answer": "b", "distractors": ["c", "d", "e"]}
    renderer = Renderer(dataclasses.replace(base, recipe=recipe), seed=0)
    first_words: dict[str, Counter[str]] = {}
    for language in ("de", "fr"):
        rows = [renderer.row({**record, "key": str(key), "language": language}) for key in range(100)]
        first_words[language] = Counter(row.question.input_field[:3] for row in rows)
    assert set(first_words["fr"]) == {"Who"}
    # 100 draws of two: 50 each, standard deviation 5; four of them are 20
    assert abs(first_words["de"]["Wer"] - 50) < 20
    assert set(first_words["de"]) == {"Who", "Wer"}


def _rows(task: Task, prompt: str, records: list[dict[str, Any]]) -> list[Row]:
    recipe = task.recipe.model_copy(update={"prompts": (prompt,), "translations": {}})
    renderer = Renderer(dataclasses.replace(task, recipe=recipe), seed=0)
    rows = []
    for record in records:
        try:
            rows.append(renderer.row(record))
        except RecordError:
            continue
        if len(rows) == 3:
            break
    return rows
