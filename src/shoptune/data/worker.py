"""The unit of work that is distributed: one batch of a task's records becomes candidate rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptune.data.filters.candidates import Candidates, Checks
from shoptune.data.recipe import Task
from shoptune.data.render.batch import render

if TYPE_CHECKING:
    import pyarrow as pa


def candidates(task: Task, seed: int, checks: Checks, batch: pa.RecordBatch) -> Candidates:
    """Render a batch of records and examine each row.

    Args:
        task: the task that the records were selected for.
        seed: the mixture's seed.
        checks: what to find out about each row.
        batch: the records.
    """
    rendered = render(task, seed, batch.to_pylist(), checks.length.check)
    return checks.examine(rendered, task.recipe.kind)
