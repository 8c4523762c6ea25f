"""The shipped recipes: bounded answers, examples that pass their own checks, and prompts of the made-up shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shoptune.data.tables.teacher import COLUMNS
from shoptune.shopbench.provenance import PROVENANCE
from shoptune.teach.check import Record, apply_checks
from shoptune.teach.prompts import PromptTemplate
from shoptune.teach.records import Tables, open_records
from tests.golden import check_golden
from tests.teach.rows_artifact import write_rows
from tests.teach.shipped import FOLDER, RECIPES, examples

_OVER_ROWS = {"judge", "rationales"}
_SHOWN = 2  # records in a golden file


def _records(name: str, folder: Path, most: int) -> list[Record]:
    with open_records(RECIPES[name], FOLDER / f"{name}.yaml", Tables([folder])) as records:
        return next(records.batches(most, most))


def test_the_recipes_of_the_design_ship() -> None:
    assert set(RECIPES) == set(COLUMNS)


@pytest.mark.parametrize("name", RECIPES)
def test_a_table_has_the_columns_that_builds_need(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.table == name
    assert {*recipe.key, *recipe.columns, *PROVENANCE} >= set(COLUMNS[name])


@pytest.mark.parametrize("name", RECIPES)
def test_answers_are_bounded(name: str) -> None:
    # A phrasing has several lines, which xgrammar does not allow in texts of bounded length; max_tokens bounds it.
    assert list(_unbounded(RECIPES[name].answer)) == ([{"type": "string"}] if name == "phrasings" else [])


def _unbounded(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    is_pattern = schema.get("pattern", "").endswith("$")
    if "string" in kinds and not {"enum", "maxLength"} & schema.keys() and not is_pattern:
        yield schema
    if {"integer", "number"} & set(kinds) and "enum" not in schema:
        yield schema
    if "array" in kinds:
        yield from [] if "maxItems" in schema else [schema]
        yield from _unbounded(schema["items"])
    if "object" in kinds:
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])
        for nested in schema["properties"].values():
            yield from _unbounded(nested)


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"phrasings"}))
def test_the_examples_in_a_prompt_match_the_schema(name: str) -> None:
    found = list(examples(RECIPES[name]))
    assert len(found) >= 2
    for example in found:
        Draft202012Validator(RECIPES[name].answer).validate(example)


def test_every_recipe_whose_truth_may_be_none_shows_how_to_say_so() -> None:
    assert [each for each in examples(RECIPES["product_types"]) if each["product_type"] is None]
    assert [each for each in examples(RECIPES["concepts"]) if each["explanation"] is None]
    assert [each for each in examples(RECIPES["normalization"]) if each["names"] == []]
    assert [each for each in examples(RECIPES["review_aspects"]) if each["aspects"] == []]


@pytest.mark.parametrize(
    ("name", "column", "records"),
    [
        ("product_types", None, [{"brand": "Acme"}] * 5),
        ("concepts", None, [{"concept": "toggle switch"}, {"concept": "trivet"}, {"concept": "for him"}]),
        (
            "normalization",
            "names",
            [{"concept": name, "others": ["loveseat"]} for name in ("sofa", "adjustable wrench", "birdhouse")],
        ),
        ("rationales", None, [{"answer": "1"}, {"answer": "0"}]),
        (
            "judge",
            None,
            [{"task_type": "multiple-choice", "answer": "1"}, {"task_type": "generation", "answer": "A toggle switch"}],
        ),
    ],
)
def test_the_examples_in_a_prompt_pass_the_checks(name: str, column: str | None, records: list[dict[str, Any]]) -> None:
    found = list(examples(RECIPES[name]))
    assert len(found) == len(records)
    for example, record in zip(found, records, strict=True):
        answers = example[column] if column else [example]
        assert [reason for _, reason in apply_checks(RECIPES[name].checks, answers, record) if reason] == []


def test_the_examples_of_aspects_pass_the_checks() -> None:
    recipe = RECIPES["review_aspects"]
    review, _ = (part.partition("\n{")[0] for part in recipe.prompt.split("Review: ")[1:3])
    answers = next(examples(recipe))["aspects"]
    assert [reason for _, reason in apply_checks(recipe.checks, answers, {"review": review})] == [None] * 4


@pytest.mark.parametrize("name", sorted(set(RECIPES) - _OVER_ROWS))
def test_prompts_of_the_made_up_shop(name: str, request: pytest.FixtureRequest, *, update_golden: bool) -> None:
    folder = request.getfixturevalue("shop_tasks" if name == "phrasings" else "shop_tables")
    records = _records(name, folder, _SHOWN)
    check_golden(Path(__file__).with_name("golden") / f"{name}.txt", _prompts(name, records), update=update_golden)


@pytest.mark.parametrize("name", sorted(_OVER_ROWS))
def test_prompts_of_rows(name: str, tmp_path: Path, *, update_golden: bool) -> None:
    records = _records(name, write_rows(tmp_path / "rows"), 30)
    if name == "judge":
        assert len(records) == 12 + 12  # of every row, and of every row with a wrong answer
        assert sum(record["spoiled"] for record in records) == 12
    else:
        assert {record["task_name"] for record in records} == {"review_pack_count"}
    check_golden(
        Path(__file__).with_name("golden") / f"{name}.txt", _prompts(name, records[:_SHOWN]), update=update_golden
    )


def _prompts(name: str, records: list[Record]) -> str:
    template = PromptTemplate(RECIPES[name].system, RECIPES[name].prompt)
    return "".join(
        f"--- {message['role']}\n{message['content']}\n" for record in records for message in template.messages(record)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RECIPES) - _OVER_ROWS))
def test_a_prompt_can_be_made_of_every_real_record(name: str, request: pytest.FixtureRequest) -> None:
    records = _records(name, request.getfixturevalue("real_tasks" if name == "phrasings" else "real_tables"), 5000)
    assert len(records) >= {"product_types": 1000, "review_aspects": 900}.get(name, 25)
    template = PromptTemplate(RECIPES[name].system, RECIPES[name].prompt)
    prompts = {template.messages(record)[1]["content"] for record in records}
    assert len(prompts) >= 0.99 * len(records)  # the samples have products of one title
    # The part that all prompts share comes first, where the engine's prefix cache finds it.
    shared = RECIPES[name].prompt.partition("{{")[0]
    assert all(prompt.startswith(shared) for prompt in prompts)


def test_phrasings_are_asked_for_in_every_language_of_a_task(real_tasks: Path) -> None:
    records = _records("phrasings", real_tasks, 5000)
    assert {record["language"] for record in records} >= {"en", "de", "es", "fr", "it"}
    checks = RECIPES["phrasings"].checks[:-1]  # but not that they differ from the seed phrasings
    for record in records:
        seeds = [{"phrasing": seed} for seed in record["seeds"]]
        reasons = [reason for _, reason in apply_checks(checks, seeds, record)]
        assert reasons == [None] * len(seeds), record["task"]
