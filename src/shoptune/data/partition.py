"""Turn a batch of one task's records into rows: the unit of work, the same whoever does it and in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shoptune.data.kinds import RecordError
from shoptune.data.quality import Decontaminator
from shoptune.data.recipe import Task
from shoptune.data.render import Renderer
from shoptune.shopbench.rows import Row


@dataclass(frozen=True)
class Reject:
    """A record that became no row, and why."""

    source: str
    task: str
    key: str
    reason: str
    sample: str


@dataclass
class Rendered:
    """The rows of some records, and the records that became none, both in the records' order."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Checks:
    """What a row must pass before it is compared with others."""

    max_characters: int
    decontaminator: Decontaminator


def render(task: Task, seed: int, checks: Checks, records: Iterable[Mapping[str, Any]]) -> Rendered:
    """Render records and check each row by itself."""
    renderer = Renderer(task, seed)
    rendered = Rendered()
    for record in records:
        try:
            row = renderer.row(record)
            _check(row, checks)
        except RecordError as error:
            rendered.rejects.append(reject(task, str(record["key"]), str(error), str(dict(record))))
        else:
            rendered.rows.append(row)
    return rendered


def reject(task: Task, key: str, reason: str, sample: str) -> Reject:
    """A reject of a task, with the beginning of what was rejected."""
    return Reject(task.source, task.recipe.name, key, reason, sample[:400])


def _check(row: Row, checks: Checks) -> None:
    if len(row.question.input_field) > checks.max_characters:
        raise RecordError("question too long")
    if checks.decontaminator.finds(row.question.input_field):
        raise RecordError("contaminated: overlaps a question of the benchmark")
