"""Views that several tasks read are computed once, in the order of their dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.data.recipe import Task, load_tasks
from shoptune.data.tables.database import Database, Querying, connect
from shoptune.data.tables.views import attach, materialize, shared_views
from shoptune.errors import ShoptuneError

RECIPE = """
source: alpaca
views:
  numbers: SELECT unnest(range(5)) AS n
  squares: SELECT n * n AS square, sum(n) OVER () AS total FROM numbers
  alone: SELECT 1 AS one
tasks:
"""
TASK = """
  - {{name: {name}, kind: generation, metric: rougel, track: understanding-shopping-concepts, like: none,
     records: "{records}", prompts: ["x"]}}
"""


def _tasks(folder: Path, *records: str, views: str = RECIPE) -> list[Task]:
    tasks = [TASK.format(name=f"task{number}", records=query) for number, query in enumerate(records)]
    (folder / "recipe.yaml").write_text(views + "".join(tasks))
    return list(load_tasks(folder).values())


def _database(tasks: list[Task], scratch: Path) -> Database:
    from shoptune.data.tables.source_tables import SourceTables

    return connect(tasks, {"alpaca": SourceTables(scratch, {}, {}, {}, {}, [])}, Querying(scratch))


def test_shared_views_come_in_groups(tmp_path: Path) -> None:
    both = "FROM squares, numbers"
    assert list(shared_views(_tasks(tmp_path, both, both, "FROM alone"))) == [["numbers"], ["squares"]]
    assert list(shared_views(_tasks(tmp_path, "FROM squares", "FROM squares"))) == [["squares"]]
    assert list(shared_views(_tasks(tmp_path, "FROM squares", "FROM numbers"))) == []


def test_every_connection_sees_the_stored_result_with_its_types(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, "FROM squares", "FROM squares")
    one, two = _database(tasks, tmp_path / "scratch"), _database(tasks, tmp_path / "scratch")
    before = one.connection.execute("DESCRIBE squares").fetchall()
    assert ("total", "HUGEINT") in [column[:2] for column in before]  # which Parquet would not keep
    materialize(one, tmp_path / "scratch", tasks, "squares")
    for database in (one, two):
        attach(database, tmp_path / "scratch")
        attach(database, tmp_path / "scratch")
        assert database.attached == {"squares"}
        assert database.connection.execute("DESCRIBE squares").fetchall() == before
        rows = database.connection.execute("FROM squares ORDER BY square").fetchall()
        assert rows == [(0, 10), (1, 10), (4, 10), (9, 10), (16, 10)]


def test_a_view_that_is_not_valid_is_named(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, "FROM wrong", views="source: alpaca\nviews: {wrong: SELECT x}\ntasks:\n")
    with pytest.raises(ShoptuneError, match=r"recipe\.yaml: views\.wrong: Binder Error"):
        _database(tasks, tmp_path / "scratch")
    tasks = _tasks(tmp_path, "FROM late", views="source: alpaca\nviews: {late: SELECT error('no')}\ntasks:\n")
    with pytest.raises(ShoptuneError, match=r"recipe\.yaml: views\.late: Invalid Input Error: no"):
        materialize(_database(tasks, tmp_path / "scratch"), tmp_path / "scratch", tasks, "late")
