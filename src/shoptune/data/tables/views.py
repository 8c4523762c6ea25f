"""Views of recipes that several tasks read: computed once, and shared between processes as read-only databases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from shoptune.data.readers.files import quoted
from shoptune.data.recipe import Task
from shoptune.data.tables.database import Database, failed

_VIEWS = "views"


def shared_views(tasks: Sequence[Task]) -> Iterator[list[str]]:
    """The views that several tasks read, in groups; a group depends on earlier groups only."""
    groups: list[list[str]] = []
    seen: set[str] = set()
    for task in {task.file: task for task in tasks}.values():
        group_of: dict[str, int] = {}
        for name, query in task.views.items():
            before = [group for other, group in group_of.items() if _mentions(query, other)]
            group_of[name] = max(before, default=-1) + 1
            readers = sum(_mentions(other.recipe.records, name) for other in tasks)
            if readers > 1 and name not in seen:
                seen.add(name)
                groups += [[] for _ in range(group_of[name] + 1 - len(groups))]
                groups[group_of[name]].append(name)
    yield from filter(None, groups)


def materialize(database: Database, scratch: Path, tasks: Sequence[Task], name: str) -> None:
    """Compute a view and store it.

    Args:
        database: has the views that this one depends on.
        scratch: the build's scratch folder.
        tasks: one of them has the view in its recipe.
        name: the view.

    Raises:
        ShoptuneError: the view is not valid SQL.
    """
    import duckdb

    task = next(task for task in tasks if name in task.views)
    folder = scratch / _VIEWS
    folder.mkdir(exist_ok=True)
    staging = folder / f"{name}.partial"
    execute = database.connection.execute
    execute(f"ATTACH {_text(staging)} AS new_{name}")
    try:
        create = partial(execute, f"CREATE OR REPLACE TABLE new_{name}.{name} AS {task.views[name]}")
        database.memory_limit.run(name, create)
    except duckdb.Error as error:
        raise failed(task.file, f"views.{name}", error) from error
    execute(f"DETACH new_{name}")
    staging.rename(folder / f"{name}.duckdb")


def attach(database: Database, scratch: Path) -> None:
    """Replace the views that have been computed since the last call by their stored results."""
    for file in sorted((scratch / _VIEWS).glob("*.duckdb")):
        if file.stem not in database.attached:
            database.connection.execute(f"ATTACH {_text(file)} AS stored_{file.stem} (READ_ONLY)")
            database.connection.execute(f"CREATE OR REPLACE VIEW {file.stem} AS FROM stored_{file.stem}.{file.stem}")
            database.attached.add(file.stem)


def _mentions(query: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", query) is not None


def _text(file: Path) -> str:
    return quoted([file])[1:-1]
