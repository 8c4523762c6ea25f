"""Every task, rendered from the made-up shop: the first rows, compared whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shoptune.data.recipe import load_tasks
from shoptune.shopbench.rows import Row
from tests.data.counts import asked_for
from tests.golden import check_golden

GOLDEN = Path(__file__).with_name("golden")
TASKS = load_tasks(Path(__file__).parents[2] / "data_recipes")
ROWS = 3
# Not those that other teams wrote, which may ask for all that are right.
LISTS = [
    name
    for name, task in TASKS.items()
    if task.recipe.kind.value == "retrieval" and task.source not in {"ecguide", "eshopinstruct"}
]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_renders_as_it_did(name: str, rows_of: Callable[[str], list[Row]], *, update_golden: bool) -> None:
    rows = rows_of(name)[:ROWS]
    assert len(rows) == ROWS, "the made-up shop gives too few rows of this task"
    text = (
        "\n".join(f"--- {row.language}\n{row.question.input_field}\n>>> {row.chat[-1]['content']}" for row in rows)
        + "\n"
    )
    check_golden(GOLDEN / TASKS[name].source / f"{name}.txt", text, update=update_golden)


@pytest.mark.parametrize("name", LISTS)
def test_a_row_asks_for_as_many_answers_as_it_has(name: str) -> None:
    text = (GOLDEN / TASKS[name].source / f"{name}.txt").read_text(encoding="utf-8")
    rows = [row.rpartition("\n>>> ") for row in text.split("--- ")[1:]]
    assert [asked_for(question) for question, _, _ in rows] == [{len(answer.split(","))} for _, _, answer in rows]
    assert len(rows) == ROWS


def test_every_golden_file_belongs_to_a_task() -> None:
    assert {file.stem for file in GOLDEN.rglob("*.txt")} == set(TASKS)
