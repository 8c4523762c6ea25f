"""Few-shot examples retrieved from training rows by the similarity of embeddings (paper 003, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoptune.errors import fail
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.prompting import Retrieved
from shoptune.shopbench.embeddings import embedder
from shoptune.shopbench.rows import QUESTION_COLUMNS, to_questions
from shoptune.shopbench.vocabulary import Metric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RetrievedExamples:
    """Training rows with their embeddings.

    Args:
        settings: the folder of the rows, and the number of examples to show.

    Raises:
        ShoptuneError: the folder contains no rows, or the embedding model is missing.
    """

    def __init__(self, settings: Retrieved) -> None:
        self._count = settings.count
        self._rows = _rows(Path(settings.rows))
        self._vectors = _unit_vectors([row.question for row in self._rows])

    def nearest(self, questions: Sequence[str]) -> list[list[FewShotExample]]:
        """Return the rows most similar to each question, most similar last, without rows that repeat the question."""
        vectors = _unit_vectors(questions)
        return [self._nearest(text, self._vectors @ vector) for text, vector in zip(questions, vectors, strict=True)]

    def _nearest(self, question: str, similarity: NDArray[np.float32]) -> list[FewShotExample]:
        found: list[FewShotExample] = []
        seen = {question}
        for number in np.argsort(-similarity, kind="stable"):
            row = self._rows[int(number)]
            if row.question not in seen:
                seen.add(row.question)
                found.append(row)
            if len(found) == self._count:
                break
        return found[::-1]


def _rows(directory: Path) -> list[FewShotExample]:
    import pyarrow.parquet as pq

    files = sorted(directory.glob("*.parquet"))
    if not files:
        raise fail(directory, "", "contains no Parquet files", "choose a folder written by `shoptune data build`")
    tables = (pq.read_table(file, columns=QUESTION_COLUMNS) for file in files)
    return [FewShotExample.of(question) for table in tables for question in to_questions(table)]


def _unit_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = embedder(Metric.SENT_TRANSFORMER).vectors(texts)
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
