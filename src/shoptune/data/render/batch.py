"""Render a batch of one task's records. The result depends on the records and the seed alone, never on the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shoptune.data.recipe import Task
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.reject import Reject
from shoptune.data.render.renderer import Renderer
from shoptune.shopbench.rows import Row


@dataclass(frozen=True)
class Rendered:
    """The results of rendering a batch of records, in the order of the records."""

    rows: list[Row]
    rejects: list[Reject]


def render(task: Task, seed: int, records: Iterable[Mapping[str, Any]], check: Callable[[Row], None]) -> Rendered:
    """Render records as rows.

    Args:
        task: the task that the records were selected for.
        seed: the mixture's seed.
        records: rows of the task's query.
        check: raises `RecordError` for a row that should be rejected, for example because it is too long.
    """
    renderer = Renderer(task, seed)
    rendered = Rendered([], [])
    for record in records:
        try:
            row = renderer.row(record)
            check(row)
        except RecordError as error:
            key, sample = str(record["key"]), str(dict(record))
            rendered.rejects.append(Reject(task.source, task.recipe.name, str(error), key, sample))
        else:
            rendered.rows.append(row)
    return rendered
