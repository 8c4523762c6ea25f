"""Facts about each row that the row filter compares, computed by the workers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.duplicates import answer_numbers, bands, signatures
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.word_overlap import score
from shoptune.data.filters.words import Words
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task
from shoptune.data.render.batch import Rendered
from shoptune.data.render.reject import Reject
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_TEXT_ANSWERS = frozenset(task_type for task_type, definition in DEFINITIONS.items() if definition.is_text)


@dataclass(frozen=True)
class Candidates:
    """Rows that may enter the build, in the order of their records.

    Attributes:
        rows: a table with the columns of `shopbench.rows.SCHEMA`.
        digests: one per row; equal for questions of the same words.
        signatures: MinHash signature of each row's content, shape (rows, 96); empty unless near-duplicates are dropped.
        bands: band numbers of each signature, shape (rows, 12); empty unless near-duplicates are dropped.
        answers: a number for each row's answer if it is free text, else 0.
        contaminated: whether the row overlaps a benchmark question.
        word_overlap: what guessing by shared words scores on each row; NaN where there is nothing to guess.
        rejects: the records that became no row.
    """

    rows: pa.Table
    digests: list[bytes]
    signatures: NDArray[np.uint32]
    bands: NDArray[np.uint64]
    answers: NDArray[np.uint64]
    contaminated: NDArray[np.bool_]
    word_overlap: NDArray[np.float64]
    rejects: list[Reject]


@dataclass(frozen=True)
class Checks:
    """The checks that look at one row at a time.

    Attributes:
        length: limits on a row's length.
        wording: the recipes' own words.
        decontaminator: questions that must not be trained on.
        near_duplicates: whether to compute MinHash signatures.
        items: whether to look for the items of the questions, in addition to their words.
    """

    length: LengthLimit
    wording: Wording
    decontaminator: Decontaminator
    near_duplicates: bool
    items: bool = True

    @classmethod
    def of(cls, plan: Plan, tasks: Iterable[Task], length: LengthLimit) -> Checks:
        """The checks that a mixture asks for.

        Raises:
            ShoptuneError: a file of benchmark questions cannot be read.
        """
        wording = Wording.of(prompt for task in tasks for prompt in task.recipe.phrasings)
        decontaminator = Decontaminator.against(plan.questions, wording)
        has_near = plan.mixture.near_duplicates is not None
        return cls(length, wording, decontaminator, near_duplicates=has_near, items=plan.mixture.decontaminate_items)

    def examine(self, rendered: Rendered, kind: TaskType) -> Candidates:
        """Compute what the row filter compares.

        Args:
            rendered: a batch of one task.
            kind: the task's type.
        """
        import numpy as np

        rows = rendered.rows
        words = Words.of(row.question.input_field for row in rows)
        contents = self.wording.content(words)
        hashed = signatures(contents) if self.near_duplicates else np.empty((len(rows), 0), np.uint32)
        has_text = kind in _TEXT_ANSWERS
        return Candidates(
            rows=to_table(rows),
            digests=words.digests(),
            signatures=hashed,
            bands=bands(hashed) if self.near_duplicates else np.empty((len(rows), 0), np.uint64),
            answers=answer_numbers(map(_answer, rows)) if has_text else np.zeros(len(rows), np.uint64),
            contaminated=self._contaminated(rows, contents),
            word_overlap=np.array([_guessed(row) for row in rows], np.float64),
            rejects=rendered.rejects,
        )

    def _contaminated(self, rows: Sequence[Row], contents: Words) -> NDArray[np.bool_]:
        found = self.decontaminator.finds(contents)
        if not self.items:
            return found
        return found | self.decontaminator.finds_items(row.question.input_field for row in rows)


def _guessed(row: Row) -> float:
    value = score(row.question)
    return math.nan if value is None else value


def _answer(row: Row) -> str:
    return answer_text(row.question.task_type, row.question.output_field)
