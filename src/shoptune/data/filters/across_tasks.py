"""Near-duplicates of rows of other tasks, found with a bounded amount of memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from shoptune.data.filters.duplicates import PERMUTATIONS
from shoptune.data.filters.options import options_of
from shoptune.data.filters.words import Words
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_SLOTS = 1 << 24  # 64 MiB
_SLOTS_PER_ROW = 48  # four for each of a row's twelve bands
_MOST_ROWS = 1 << 20  # rows that are remembered: 200 MiB
_UNTELLING = re.compile(r"(?:yes|no|true|false)?\W*")


class RowsOfOtherTasks:
    """Remembers rows of finished tasks: a table from bands to the newest row that has them, of fixed size.

    Two rows are near-duplicates when their contents, without the phrasing, are as similar as `similarity`, and they are
    of one task type with the same answer in words. Rows that are answered by yes or no, or by a number that is no
    option's, are not compared: their answers do not tell what was asked. Of rows that share a slot of the table, and of
    more than a million rows, the newest are remembered. What is found depends on the order of the rows alone.
    """

    def __init__(self, similarity: float, rows: int) -> None:
        """Make room for rows.

        Args:
            similarity: Jaccard similarity of runs of three words, from which on rows are near-duplicates.
            rows: how many rows are expected.
        """
        self._similarity = similarity
        self._newest = np.zeros(
            min(_MOST_SLOTS, 1 << (_SLOTS_PER_ROW * rows).bit_length()), np.int32
        )  # number plus one
        capacity = max(1, min(_MOST_ROWS, rows))
        self._signatures = np.zeros((capacity, PERMUTATIONS), np.uint16)
        self._meanings = np.zeros(capacity, np.uint64)
        self._count = 0

    def add(self, signatures: NDArray[np.uint32], bands: NDArray[np.uint64], meanings: NDArray[np.uint64]) -> None:
        """Remember the admitted rows of a task: shapes (rows, 96), (rows, 12), (rows,)."""
        recorded = np.flatnonzero(meanings)[-len(self._meanings) :]
        places = (self._count + np.arange(len(recorded))) % len(self._meanings)
        self._signatures[places] = signatures[recorded].astype(np.uint16)
        self._meanings[places] = meanings[recorded]
        for band in range(bands.shape[1]):
            self._newest[self._slots(bands[recorded, band])] = places + 1
        self._count += len(recorded)

    def finds(
        self, signatures: NDArray[np.uint32], bands: NDArray[np.uint64], meanings: NDArray[np.uint64]
    ) -> NDArray[np.bool_]:
        """Which rows are near-duplicates of remembered ones; shapes as in `add`."""
        numbers = self._newest[self._slots(bands)] - 1
        same = (numbers >= 0) & (meanings != 0)[:, None] & (self._meanings[numbers] == meanings[:, None])
        found = np.zeros(len(meanings), np.bool_)
        for row, band in zip(*np.nonzero(same), strict=True):
            if not found[row]:
                equal = self._signatures[numbers[row, band]] == signatures[row].astype(np.uint16)
                found[row] = np.count_nonzero(equal) >= self._similarity * PERMUTATIONS
        return found

    def _slots(self, bands: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (bands % np.uint64(len(self._newest))).astype(np.int64)


def meaning_numbers(questions: Iterable[Question]) -> NDArray[np.uint64]:
    """A number for each question's task type and answer in words; 0 for answers that do not tell what was asked."""
    texts = [_meaning(question) for question in questions]
    numbers = [int.from_bytes(digest[:8], "little") | 1 for digest in Words.of(texts).digests()]
    return np.array([number if text else 0 for number, text in zip(numbers, texts, strict=True)], np.uint64)


def _meaning(question: Question) -> str:
    """A question's type and answer, with the texts of options in place of their numbers; empty if they tell nothing."""
    options, reference = options_of(question.input_field), question.output_field
    if question.task_type is TaskType.MULTIPLE_CHOICE:
        answer = options.get(int(str(reference)), "")
    elif question.task_type is TaskType.RETRIEVAL and isinstance(reference, list):
        answer = "\n".join(sorted(options.get(int(number), "") for number in reference))
    elif question.task_type is TaskType.RANKING and isinstance(reference, list):
        answer = "\n".join(sorted(f"{gain} {options.get(place, '')}" for place, gain in enumerate(reference, start=1)))
    else:
        answer = answer_text(question.task_type, reference)
    return "" if _UNTELLING.fullmatch(answer.casefold()) else f"{question.task_type.value}\n{answer}"
