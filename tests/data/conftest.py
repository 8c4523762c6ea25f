"""The made-up shop's sources as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shoptune.data import sources
from shoptune.data.database import Database, Reading, connect
from shoptune.data.recipe import load_tasks

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The tables and views of every recipe, over examples/raw."""
    tasks = list(load_tasks(_ROOT / "data_recipes").values())
    folders = sources.folders(tasks, _ROOT / "examples" / "raw")
    database = connect(tasks, folders, Reading(tmp_path_factory.mktemp("shop")))
    yield database
    database.connection.close()
