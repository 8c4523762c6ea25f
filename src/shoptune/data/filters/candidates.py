"""Facts about each row that the row filter compares, computed by the workers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from shoptune.data.filters.across_tasks import meaning_numbers
from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.duplicates import answer_numbers, bands, signatures
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.text_checks import TextChecks
from shoptune.data.filters.word_overlap import score
from shoptune.data.filters.words import Words, parts_of_text
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task, TaskRecipe
from shoptune.data.render.batch import Rendered
from shoptune.data.render.reject import Reject
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.rows import Row, to_table
from shoptune.shopbench.task_types import DEFINITIONS

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
        meanings: a number for each row's answer in words, else 0; empty unless rows of other tasks are compared.
        reasons: why a row should be dropped for its text, or None.
        contaminated: whether the row overlaps a benchmark question.
        word_overlap: what guessing by shared words scores on each row; NaN where there is nothing to guess.
        rejects: the records that became no row.
    """

    rows: pa.Table
    digests: list[bytes]
    signatures: NDArray[np.uint32]
    bands: NDArray[np.uint64]
    answers: NDArray[np.uint64]
    meanings: NDArray[np.uint64]
    reasons: Sequence[str | None]
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
        provenance: whether rows have the columns for a teacher's answers.
        texts: the checks of a row's text.
    """

    length: LengthLimit
    wording: Wording
    decontaminator: Decontaminator
    near_duplicates: bool
    items: bool = True
    provenance: bool = False
    texts: TextChecks = field(default_factory=TextChecks)

    @classmethod
    def of(cls, plan: Plan, tasks: Iterable[Task], length: LengthLimit, *, provenance: bool = False) -> Checks:
        """The checks that a mixture asks for.

        Raises:
            ShoptuneError: a file of benchmark questions cannot be read.
        """
        wording = Wording.of(prompt for task in tasks for prompt in task.recipe.phrasings)
        decontaminator = Decontaminator.against(plan.questions, wording)
        mixture = plan.mixture
        has_near = (mixture.near_duplicates or mixture.near_duplicates_across_tasks) is not None
        texts = TextChecks.of(mixture)
        return cls(
            length,
            wording,
            decontaminator,
            has_near,
            items=mixture.decontaminate_items,
            provenance=provenance,
            texts=texts,
        )

    def examine(self, rendered: Rendered, recipe: TaskRecipe) -> Candidates:
        """Compute what the row filter compares.

        Args:
            rendered: a batch of one task.
            recipe: the task.
        """
        import numpy as np

        rows = rendered.rows
        words = Words.of(row.question.input_field for row in rows)
        is_content = self.wording.is_content(words)
        contents = words.only(is_content)
        hashed = signatures(contents) if self.near_duplicates else np.empty((len(rows), 0), np.uint32)
        has_text = recipe.kind in _TEXT_ANSWERS
        return Candidates(
            rows=to_table(rows, provenance=self.provenance),
            digests=words.digests(),
            signatures=hashed,
            bands=bands(hashed) if self.near_duplicates else np.empty((len(rows), 0), np.uint64),
            answers=answer_numbers(map(_answer, rows)) if has_text else np.zeros(len(rows), np.uint64),
            meanings=_meanings(rows) if self.near_duplicates else np.zeros(len(rows), np.uint64),
            reasons=self.texts.reasons(rows, _texts(rows, words, is_content), recipe.languages),
            contaminated=self._contaminated(rows, contents),
            word_overlap=np.array([_guessed(row) for row in rows], np.float64),
            rejects=rendered.rejects,
        )

    def _contaminated(self, rows: Sequence[Row], contents: Words) -> NDArray[np.bool_]:
        found = self.decontaminator.finds(contents)
        if not self.items:
            return found
        return found | self.decontaminator.finds_items(row.question.input_field for row in rows)


def _texts(rows: Sequence[Row], words: Words, is_content: NDArray[np.bool_]) -> list[str]:
    """The rows' questions without their phrasing."""
    kept, starts = is_content.tolist(), words.starts.tolist()
    bounds = pairwise(starts)
    return [parts_of_text(row.question.input_field, kept[a:b]) for row, (a, b) in zip(rows, bounds, strict=True)]


def _guessed(row: Row) -> float:
    value = score(row.question)
    return math.nan if value is None else value


def _meanings(rows: Sequence[Row]) -> NDArray[np.uint64]:
    """A number for each row's answer in words; 0 for rows that reason, which differ from rows with the answer alone."""
    import numpy as np

    numbers = meaning_numbers(row.question for row in rows)
    numbers[np.array([row.target is not None for row in rows], np.bool_)] = 0
    return numbers


def _answer(row: Row) -> str:
    return answer_text(row.question.task_type, row.question.output_field)
