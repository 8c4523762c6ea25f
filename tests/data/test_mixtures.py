"""The papers' mixtures have the stated numbers of rows, from suitable tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.data.mixture import load_mixture
from shoptune.data.recipe import load_tasks
from shoptune.data.tables.teacher import COLUMNS, JUDGE, PHRASINGS, PRODUCT_TYPES, tables_read

ROOT = Path(__file__).parents[2]
MIXTURES = sorted((ROOT / "data_recipes" / "mixtures").glob("*.yaml"))
PAPERS = {
    "v7": 417_000,  # paper 001, section 4.3
    "v8": 462_000,
    "v7b": 152_000,
    "v9b": 40_000,
    "ecinstruct-200k": 200_000,  # paper 002, section 2.2
    "eshop": 65_000,  # paper 003, section 2.3
}
YES_OR_NO = {"ecinstruct_answerability", "ecinstruct_product_matching", "ecinstruct_substitute_identification"}


@pytest.mark.parametrize("name", PAPERS)
def test_mixtures_have_the_number_of_rows_in_the_paper(name: str) -> None:
    plan = load_mixture(ROOT / "data_recipes" / "mixtures" / f"{name}.yaml")
    assert sum(plan.mixture.tasks.values()) == pytest.approx(PAPERS[name], rel=0.01)
    assert plan.mixture.decontaminate_against


def test_v8_has_all_of_v7() -> None:
    v7, v8 = (load_mixture(ROOT / "data_recipes" / "mixtures" / f"{name}.yaml").mixture for name in ("v7", "v8"))
    assert v7.seed == v8.seed
    assert all(v8.tasks[name] == rows for name, rows in v7.tasks.items())


def test_v8_with_a_teacher_has_all_of_v8_and_uses_every_table() -> None:
    plans = [load_mixture(ROOT / "data_recipes" / "mixtures" / f"{name}.yaml") for name in ("v8", "v8-teacher")]
    v8, taught = (plan.mixture for plan in plans)
    assert {name: taught.tasks[name] for name in v8.tasks} == v8.tasks
    assert list(taught.tasks)[: len(v8.tasks)] == list(v8.tasks)  # earlier tasks decide about near-duplicates
    assert set(taught.teacher) == set(COLUMNS)
    read = {table for task in plans[1].tasks.values() for table in tables_read(task.recipe.records, task.views)}
    assert read == set(COLUMNS) - {PRODUCT_TYPES, PHRASINGS, JUDGE}  # these change other rows
    assert "teacher" not in v8.fingerprint()


@pytest.mark.parametrize("file", MIXTURES, ids=lambda file: file.stem)
def test_a_sampled_table_is_of_a_source_that_the_mixture_has(file: Path) -> None:
    plan = load_mixture(file)
    sampled, sources = set(plan.mixture.sample), {task.source for task in plan.tasks.values()}
    assert sampled in (set(), {"reviews", "reviews_products"})
    assert "reviews2023" in sources or not sampled


@pytest.mark.parametrize("file", MIXTURES, ids=lambda file: file.stem)
def test_yes_or_no_is_asked_by_eshop_alone(file: Path) -> None:
    asked = YES_OR_NO & set(load_mixture(file).tasks)
    assert asked == (YES_OR_NO if file.stem == "eshop" else set())


def test_ecinstruct_keeps_a_sample_beside_its_reformatted_row() -> None:
    assert (
        load_mixture(ROOT / "data_recipes" / "mixtures" / "ecinstruct-200k.yaml").mixture.near_duplicates_across_tasks
        is None
    )


def test_every_development_task_has_a_task_of_ours() -> None:
    tasks = load_tasks(ROOT / "data_recipes").values()
    assert {task.recipe.like for task in tasks} >= {f"task{number}" for number in range(1, 19)}
    assert len(tasks) >= 60
