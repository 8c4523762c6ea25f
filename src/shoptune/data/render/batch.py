"""Turn a batch of one task's records into rows: the unit of work, the same whoever does it and in whatever order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.duplicates import answer_numbers, bands, signatures
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.rejects import Reject
from shoptune.data.filters.words import Words
from shoptune.data.recipe import Task
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.task_types import DEFINITIONS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_TEXT_ANSWERS = frozenset(task_type for task_type, definition in DEFINITIONS.items() if definition.is_text)


@dataclass(frozen=True)
class Checks:
    """What is found out about each row before rows are compared with each other.

    Attributes:
        length: the longest a row may be.
        wording: the recipes' own words.
        decontaminator: questions that must not be trained on.
        near_duplicates: whether signatures are wanted.
    """

    length: LengthLimit
    wording: Wording
    decontaminator: Decontaminator
    near_duplicates: bool


@dataclass(frozen=True)
class Rendered:
    """The rows of some records, in the records' order, and what is needed to choose among them.

    Attributes:
        rows: with the columns of `shopbench.rows.SCHEMA`.
        digests: of every row's question; equal for the same words.
        signatures: MinHash of every row's content, shape (rows, 96); empty when not wanted.
        bands: numbers of the signatures' bands, shape (rows, 12); empty when not wanted.
        answers: a number for every row's answer where that is a text, else 0.
        contaminated: whether the row overlaps a question of the benchmark.
        rejects: the records that became no row.
    """

    rows: pa.Table
    digests: list[bytes]
    signatures: NDArray[np.uint32]
    bands: NDArray[np.uint64]
    answers: NDArray[np.uint64]
    contaminated: NDArray[np.bool_]
    rejects: list[Reject]


def render(task: Task, seed: int, checks: Checks, records: Iterable[Mapping[str, Any]]) -> Rendered:
    """Render records and check each row by itself."""
    import numpy as np

    rows, rejects = _rows(task, seed, checks.length, records)
    words = Words.of(row.question.input_field for row in rows)
    contents = checks.wording.content(words)
    hashed = signatures(contents) if checks.near_duplicates else np.empty((len(rows), 0), np.uint32)
    has_text = task.recipe.kind in _TEXT_ANSWERS
    return Rendered(
        rows=to_table(rows),
        digests=words.digests(),
        signatures=hashed,
        bands=bands(hashed) if checks.near_duplicates else np.empty((len(rows), 0), np.uint64),
        answers=answer_numbers(map(_answer, rows)) if has_text else np.zeros(len(rows), np.uint64),
        contaminated=checks.decontaminator.finds(contents),
        rejects=rejects,
    )


def _rows(
    task: Task, seed: int, length: LengthLimit, records: Iterable[Mapping[str, Any]]
) -> tuple[list[Row], list[Reject]]:
    renderer = Renderer(task, seed)
    rows: list[Row] = []
    rejects: list[Reject] = []
    for record in records:
        try:
            row = renderer.row(record)
            length.check(row.question)
        except RecordError as error:
            rejects.append(Reject(task.source, task.recipe.name, str(error), str(record["key"]), str(dict(record))))
        else:
            rows.append(row)
    return rows, rejects


def _answer(row: Row) -> str:
    return answer_text(row.question.task_type, row.question.output_field)
