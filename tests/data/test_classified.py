"""The text of every task's rows tells their type: at the challenge a server knows nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shoptune.data.database import connect, records
from shoptune.data.kinds import RecordError
from shoptune.data.recipe import Task, load_tasks
from shoptune.data.render import Renderer
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import Question

ROOT = Path(__file__).parents[2]
TASKS = load_tasks(ROOT / "data_recipes")
TRIED = 60


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(list(TASKS.values()), ROOT / "examples" / "raw") as connection:
        yield connection


@pytest.mark.parametrize("name", TASKS)
def test_the_text_tells_the_task_type(name: str, shop: duckdb.DuckDBPyConnection) -> None:
    questions = list(_questions(TASKS[name], shop))
    guessed = Counter(
        task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice) for question in questions
    )
    assert guessed == {TASKS[name].recipe.kind: len(questions)}


def _questions(task: Task, shop: duckdb.DuckDBPyConnection) -> Iterator[Question]:
    renderer = Renderer(task, seed=0)
    for batch in records(shop, task, seed=0, limit=TRIED, batch_size=TRIED):
        for record in batch:
            try:
                yield renderer.row(record).question
            except RecordError:
                continue
