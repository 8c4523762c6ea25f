"""Parsing and scores under each protocol, worked out by hand from the published evaluation code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.protocols import PROTOCOLS
from shoptune.shopbench.questions import Question
from shoptune.shopbench.scoring import score
from shoptune.shopbench.task_types import Reference
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

KDD_CUP, MMLU = PROTOCOLS["kdd-cup"], PROTOCOLS["shopping-mmlu"]
CHOICE, RETRIEVAL, RANKING = TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL, TaskType.RANKING
ENTITIES, GENERATION = TaskType.NAMED_ENTITY_RECOGNITION, TaskType.GENERATION


def _question(task_type: TaskType, reference: Reference, metric: Metric | None = None) -> Question:
    metric = metric or min(METRICS_OF[task_type])
    return Question("?", reference, task_type, "task", metric, task_type is CHOICE, Track.CONCEPTS)


@pytest.mark.parametrize(
    ("task_type", "reference", "prediction", "kdd_cup", "mmlu"),
    [
        (CHOICE, 2, " 2. a lamp", 1, 1),
        (CHOICE, 2, "\n2", 1, 0),  # only blanks are stripped
        (CHOICE, 2, "٢", 1, 0),  # the text is compared, not the number
        (CHOICE, 2, "Answer: 2", 0, 0),
        (RETRIEVAL, [1, 4], "1, 4, 9", 1, 1),
        (RETRIEVAL, [1, 4], "[1, 4]", 1, 0),  # "[1" is not a number
        (RETRIEVAL, [1, 4], "1\n4,2", 0, 0),  # "14" here, no number there
        (RETRIEVAL, [1, 4], "none, 2, 3, 1, 4", 0.5, 0.5),
        (RETRIEVAL, [4], "4 is right, 4", 1, 1),
        (RETRIEVAL, [4], "item 4, 2", 1, 0),
        (RANKING, [1, 0, 0, 0, 0, 0], "6,1,2,3,4,5", 1, 0.6309297535714575),  # 1 / log2(3): six is kept
        (RANKING, [1, 0], "1,1", 0, 1.6309297535714575),  # a repeat is void here, and gains twice there
        (RANKING, [1, 0], "2,1\n1,2", 0, 0.6309297535714575),
        (RANKING, [1, 0], "-7,1", 1, 0.6309297535714575),
        (ENTITIES, ["red", "big"], "Red, BIG", 1, 1),
        (ENTITIES, ["red"], "['red']", 1, 0),  # no Python list is read
        (ENTITIES, ["red"], "red\nbecause", 0, 1),  # the first line only
        (ENTITIES, ["red"], "red, , big", 2 / 3, 0.5),  # the blank is an entity
        (ENTITIES, ["red"], "", 0, 0),
    ],
)
def test_scores_by_protocol(task_type: TaskType, reference: Any, prediction: str, kdd_cup: float, mmlu: float) -> None:
    question = _question(task_type, reference)
    assert score(question, prediction, KDD_CUP).score == pytest.approx(kdd_cup)
    assert score(question, prediction, MMLU).score == pytest.approx(mmlu)


def test_bleu_reads_the_first_line_in_both() -> None:
    question = _question(GENERATION, "a red steel kettle", Metric.BLEU)
    for protocol in PROTOCOLS.values():
        assert score(question, "\na red steel kettle\nand more", protocol).score == pytest.approx(1)


@given(
    st.sampled_from([CHOICE, RETRIEVAL, RANKING, ENTITIES]),
    st.text(max_size=40) | st.text("0123456789,-\n ", max_size=20),
)
def test_any_prediction_has_a_score(task_type: TaskType, prediction: str) -> None:
    references: dict[TaskType, Reference] = {CHOICE: 1, RETRIEVAL: [1], RANKING: [1, 0.1, 0], ENTITIES: ["red"]}
    for protocol in PROTOCOLS.values():
        assert score(_question(task_type, references[task_type]), prediction, protocol).score >= 0
