"""Every task, rendered from the made-up shop: the first rows of each phrasing, compared whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shoptune.data.database import Database, records
from shoptune.data.recipe import Task, load_tasks
from shoptune.data.render import Renderer
from shoptune.data.schema import RecordError
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.rows import Row
from tests.golden import check_golden

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden")
TASKS = load_tasks(ROOT / "data_recipes")
ROWS, TRIED = 3, 40


@pytest.mark.parametrize("name", TASKS)
def test_a_task_renders_as_it_did(name: str, shop: Database, *, update_golden: bool) -> None:
    task = TASKS[name]
    rows = list(_rows(task, shop))
    assert len(rows) == ROWS, "the made-up shop gives too few rows of this task"
    text = "\n".join(f"--- {row.language}\n{row.question.input_field}\n>>> {_answer(row)}" for row in rows) + "\n"
    check_golden(GOLDEN / task.source / f"{name}.txt", text, update=update_golden)


def test_every_golden_file_belongs_to_a_task() -> None:
    assert {file.stem for file in GOLDEN.rglob("*.txt")} == set(TASKS)


def _rows(task: Task, shop: Database) -> Iterator[Row]:
    """The first rows, after records that give none."""
    renderer, left = Renderer(task, seed=0), ROWS
    for batch in records(shop, task, seed=0, most=TRIED):
        for record in batch.to_pylist():
            if left:
                try:
                    yield renderer.row(record)
                except RecordError:
                    continue
                left -= 1


def _answer(row: Row) -> str:
    return answer_text(row.question.task_type, row.question.output_field)
