"""Parsers and metrics give any output a score from 0 to 1 and never raise: 10,000 texts per task type."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoptune.shopbench.embeddings import MODEL_OF
from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.questions import Question
from shoptune.shopbench.scoring import score
from shoptune.shopbench.task_types import Reference
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

pytestmark = pytest.mark.slow

EXAMPLES = 10_000
REFERENCES: dict[TaskType, list[Reference]] = {
    TaskType.MULTIPLE_CHOICE: [0, 9],
    TaskType.RETRIEVAL: [[1], [1, 2, 15]],
    TaskType.RANKING: [[1, 0.1, 0, 0, 0.01], [0, 0, 0, 0, 0], [1, 1]],
    TaskType.NAMED_ENTITY_RECOGNITION: [["kettle"], ["grün", "ケトル", "a b"]],
    TaskType.GENERATION: ["A kettle boils water.", "ケトルは湯を沸かす", ""],
}
_ANYTHING = st.text(max_size=100)  # every character, halves of surrogate pairs too
_PARTS = [
    *["1", "2", "5", "07", "15", "-1", "½", "٣", "9" * 5000, ",", ", ", " ", "\n", "[", "]", "'", '"', "(", "-", "\\"],
    *["{", "}", "#", "\x00", "\ud800", "Answer: ", "<|im_end|>", "kettle", "ケトル", "x" * 6000],
]
_ALMOST = st.lists(st.sampled_from(_PARTS), max_size=20).map("".join)
_DEEP = st.builds(str.__mul__, st.sampled_from(["[", "(", "-", "not ", "[1],", "1+"]), st.integers(0, 5000))
PREDICTIONS = st.one_of(_ANYTHING, _ALMOST, _DEEP)


def _question(task_type: TaskType, metric: Metric, reference: Reference) -> Question:
    choice = task_type is TaskType.MULTIPLE_CHOICE
    return Question("?", reference, task_type, "task", metric, choice, Track.CONCEPTS)


def _check(task_type: TaskType, metrics: Iterable[Metric], examples: int) -> None:
    questions = [
        _question(task_type, metric, reference) for metric in sorted(metrics) for reference in REFERENCES[task_type]
    ]

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(PREDICTIONS, st.sampled_from(questions))
    def check(prediction: str, question: Question) -> None:
        result = score(question, prediction)
        assert 0.0 <= result.score <= 1.0 + 1e-6

    check()


@pytest.mark.parametrize("task_type", TaskType)
def test_no_prediction_breaks_a_score(task_type: TaskType) -> None:
    _check(task_type, METRICS_OF[task_type] - MODEL_OF.keys(), EXAMPLES)


def test_no_prediction_breaks_an_embedding() -> None:
    """Fewer texts, since each needs a forward pass; the multilingual model is not available as a package."""
    _check(TaskType.GENERATION, [Metric.SENT_TRANSFORMER], EXAMPLES // 50)
