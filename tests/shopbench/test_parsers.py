"""The benchmark's parsers: all expected values were computed with the starter kit's code, version 0.1.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.parsers import MAX_CHARACTERS, is_failure, parse
from shoptune.shopbench.vocabulary import TaskType


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("2", 2),
        (" 2", 2),
        ("\n3. because", 3),
        ("12", 1),
        ("a", -1),
        ("", -1),
        (" \n", -1),
        ("-1", -1),
        ("٣", 3),
        ("½", -1),
    ],
)
def test_multiple_choice_reads_the_first_character(text: str, choice: int) -> None:
    assert parse(TaskType.MULTIPLE_CHOICE, text) == choice


@pytest.mark.parametrize(
    ("text", "ranking"),
    [
        ("1, 2, 3, 4, 5", [1, 2, 3, 4, 5]),
        ("The answer is: [5,4,3,2,1]", [5, 4, 3, 2, 1]),
        (",1,2", [1, 2]),
        ("1, 2, 2, 3", []),  # a repeat voids the ranking
        ("1,2,3,4,5,5", [1, 2, 3, 4, 5]),  # unless it comes after the fifth
        ("7,1,2", [1, 2]),  # numbers above five are ignored
        ("0,1", [0, 1]),
        ("1 2", []),  # no comma, no number
        ("1,½,2", [1, 2]),
    ],
)
def test_ranking_takes_five_numbers_up_to_five(text: str, ranking: list[int]) -> None:
    assert parse(TaskType.RANKING, text) == ranking


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("100, 200, 300, 400", [100, 200, 300]),
        ("6,6,6", [6, 6, 6]),  # repeats stay
        ("Output: 3", [3]),
        ("1. 2, 3", [3]),  # '1 2' is not a number
        ("none", []),
    ],
)
def test_retrieval_takes_the_first_three_numbers(text: str, numbers: list[int]) -> None:
    assert parse(TaskType.RETRIEVAL, text) == numbers


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("['New York', 'Amazon']", ["New York", "Amazon"]),
        ("New York, Amazon", ["New York", "Amazon"]),
        ("[New York, Amazon]", ["[New York", "Amazon]"]),
        ("\n, a ,, b", ["a", "b"]),
        ("[1, 2]", ["[1", "2]"]),
        ("[]", []),
        (" ", []),
    ],
)
def test_entities_come_from_a_list_or_from_between_commas(text: str, entities: list[str]) -> None:
    assert parse(TaskType.NAMED_ENTITY_RECOGNITION, text) == entities


def test_generation_is_stripped_and_cut() -> None:
    assert parse(TaskType.GENERATION, "\n a \n\n b \n") == "a \n\n b"
    assert parse(TaskType.GENERATION, "x" * 6000) == "x" * MAX_CHARACTERS


@pytest.mark.parametrize(
    ("task_type", "text", "failed"),
    [
        (TaskType.MULTIPLE_CHOICE, "yes", True),
        (TaskType.MULTIPLE_CHOICE, "0", False),
        (TaskType.RANKING, "1,1", True),
        (TaskType.RETRIEVAL, "", True),
        (TaskType.NAMED_ENTITY_RECOGNITION, "kettle", False),
        (TaskType.GENERATION, " ", True),
    ],
)
def test_a_failure_is_an_answer_of_which_nothing_could_be_read(task_type: TaskType, text: str, failed: bool) -> None:
    assert is_failure(task_type, parse(task_type, text)) is failed


@given(st.sampled_from(TaskType), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_parsers_accept_any_text(task_type: TaskType, text: str) -> None:
    parsed = parse(task_type, text)
    assert isinstance(parsed, int | str | list)
