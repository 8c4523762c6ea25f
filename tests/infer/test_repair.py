"""Repaired answers have the format that the benchmark's parser expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.infer.repair import repair
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.vocabulary import TaskType

OPTIONS = "Which?\n0. kettle\n1. sock\n2. lamp\n3. mug\nAnswer: "
PRODUCTS = "Rank.\n1. a\n2. b\n3. c\n4. d\n5. e\nOutput: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", "2"), ("Answer: 1", "1"), (" 02", "2"), ("7", "0"), ("the lamp", "0"), ("", "0"), ("9 or 1", "1")],
)
def test_a_choice_is_an_option_or_the_default(text: str, expected: str) -> None:
    assert repair(text, OPTIONS, TaskType.MULTIPLE_CHOICE, default_choice=0) == expected


def test_a_word_stays_where_the_question_asks_for_one() -> None:
    question = "Are they the same? Only output yes or no.\nOutput: "
    assert repair("Output: no", question, TaskType.MULTIPLE_CHOICE, default_choice=0) == "no"


def test_a_default_that_is_not_an_option_becomes_the_first_option() -> None:
    assert repair("?", OPTIONS, TaskType.MULTIPLE_CHOICE, default_choice=8) == "0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3,1,2,5,4", "3,1,2,5,4"),
        ("3,3,1", "3,1,2,4,5"),
        ("Output: 5, 9, 2", "5,2,1,3,4"),
        ("", "1,2,3,4,5"),
    ],
)
def test_a_ranking_is_completed_in_listed_order(text: str, expected: str) -> None:
    assert repair(text, PRODUCTS, TaskType.RANKING, default_choice=0) == expected


@pytest.mark.parametrize(("text", "expected"), [("1,1,2", "1,2"), ("4, 2, 3, 1", "4,2,3"), ("none", "none")])
def test_retrieval_keeps_three_different_listed_numbers(text: str, expected: str) -> None:
    assert repair(text, PRODUCTS, TaskType.RETRIEVAL, default_choice=0) == expected


def test_a_label_is_also_removed_from_free_text() -> None:
    assert repair("Answer: a warm light", "What?", TaskType.GENERATION, default_choice=0) == "a warm light"


@given(st.text(max_size=60), st.sampled_from([TaskType.MULTIPLE_CHOICE, TaskType.RANKING]))
def test_any_repaired_output_can_be_parsed_and_repair_is_idempotent(text: str, task_type: TaskType) -> None:
    question = OPTIONS if task_type is TaskType.MULTIPLE_CHOICE else PRODUCTS
    once = repair(text, question, task_type, default_choice=0)
    assert repair(once, question, task_type, default_choice=0) == once
    parsed = parse(task_type, once)
    assert parsed in {0, 1, 2, 3} if task_type is TaskType.MULTIPLE_CHOICE else sorted(parsed) == [1, 2, 3, 4, 5]
