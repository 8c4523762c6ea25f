"""The benchmark's parsers can read the default answer to any question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.export.answering.defaults import default_answer, is_readable
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.vocabulary import TaskType


@given(question=st.text(max_size=200), task_type=st.sampled_from(list(TaskType)), choice=st.integers(0, 9))
def test_every_default_is_readable(question: str, task_type: TaskType, choice: int) -> None:
    assert is_readable(default_answer(question, task_type, choice), task_type)


_LIST = "Rank the products for the query 'kettle':\n1. a\n2. b\n3. c\n4. d\n5. e\nAnswer:"


@pytest.mark.parametrize(
    ("question", "task_type", "expected"),
    [
        (_LIST, TaskType.RANKING, [1, 2, 3, 4, 5]),
        ("", TaskType.RANKING, [1, 2, 3, 4, 5]),
        (_LIST, TaskType.RETRIEVAL, [1, 2, 3]),
        ("Select three.", TaskType.RETRIEVAL, [1, 2, 3]),
        ("Which?\n1. a\n2. b\n3. c", TaskType.MULTIPLE_CHOICE, 1),  # the default, 0, is not listed
        ("Is it so? Answer yes or no.", TaskType.MULTIPLE_CHOICE, 0),
        ("Which brand is in the query 'acme blue kettle'?", TaskType.NAMED_ENTITY_RECOGNITION, ["acme blue kettle"]),
        ("Translate.\nTitle: Wasserkocher, 1,7 l\nOutput:", TaskType.GENERATION, "Wasserkocher 1 7 l"),
        ("Explain the product: a kettle", TaskType.GENERATION, "a kettle"),
        ("\n:\n", TaskType.GENERATION, "none"),
    ],
)
def test_defaults_by_task_type(question: str, task_type: TaskType, expected: object) -> None:
    assert parse(task_type, default_answer(question, task_type, 0)) == expected
