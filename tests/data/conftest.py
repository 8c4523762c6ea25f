"""The rows of every task, from the made-up shop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shoptune.data import sources
from shoptune.data.recipe import Task, load_tasks
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.data.tables.database import Database, records
from shoptune.data.tables.raw_database import open_raw
from shoptune.data.tables.teacher import TeacherTable, TeacherTables
from shoptune.data.tables.views import attach, materialize, shared_views
from shoptune.shopbench.rows import Row
from tests.data.taught import make_all

_ROOT = Path(__file__).parents[2]
_TRIED = 60  # records of a task


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The tables and views of every recipe, over examples/raw, with a teacher's tables."""
    tasks = list(load_tasks(_ROOT / "data_recipes").values())
    folders = sources.folders(tasks, _ROOT / "examples" / "raw")
    folder = tmp_path_factory.mktemp("shop")
    taught = TeacherTables.of(map(TeacherTable.load, make_all(tmp_path_factory.mktemp("taught"))))
    database = open_raw(tasks, folders, folder, teacher=taught)
    for views in shared_views(tasks):
        for name in views:
            materialize(database, folder, tasks, name)
        attach(database, folder)
    yield database
    database.connection.close()


@pytest.fixture(scope="session")
def records_of(shop: Database) -> Callable[[str], list[dict[str, Any]]]:
    """The first records of each task, by name."""
    tasks = load_tasks(_ROOT / "data_recipes")
    return functools.cache(
        lambda name: [
            record for batch in records(shop, tasks[name], seed=0, most=_TRIED) for record in batch.to_pylist()
        ]
    )


@pytest.fixture(scope="session")
def rows_of(records_of: Callable[[str], list[dict[str, Any]]]) -> Callable[[str], list[Row]]:
    """The first rows of each task, by name, without records that give no row."""
    tasks = load_tasks(_ROOT / "data_recipes")
    return functools.cache(lambda name: list(_rows(records_of(name), tasks[name])))


def _rows(found: list[dict[str, Any]], task: Task) -> Iterator[Row]:
    renderer = Renderer(task, seed=0)
    for record in found:
        try:
            yield renderer.row(record)
        except RecordError:
            continue
