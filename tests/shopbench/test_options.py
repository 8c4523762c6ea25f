"""The numbers that are valid answers, for any format of a question's list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.options import choices, listed_numbers, listing, wants_words

LABELS = ["{}. ", "{}.", "{}) ", "({}) ", "[{}] ", "{}: ", "- {}. ", "Option {}: ", "**{}.** ", "{}、"]
# Option texts that hold numbers and labels of their own, but begin with none.
TEXTS = st.sampled_from(
    [
        "kettle",
        "size 3. large",
        "pack of 12",
        "steel, 1.7 L",
        "for 4-6 people (2)",
        "rank: 1. best",
        "It cannot be inferred.",
    ]
)
INSTRUCTIONS = st.sampled_from(
    [
        "Which one fits the query?",
        "What is 2. in the title 'Kettle 1.5 L'?",
        "Rate from 2 to 4 people's choices.",
        "Select.",
    ]
)


@given(st.sampled_from(LABELS), st.integers(0, 1), st.lists(TEXTS, min_size=2, max_size=9), INSTRUCTIONS)
def test_every_listed_number_may_be_answered(label: str, first: int, texts: list[str], instruction: str) -> None:
    lines = [label.format(number) + text for number, text in enumerate(texts, start=first)]
    question = "\n".join([instruction, *lines, "Answer: "])
    assert listed_numbers(question) == list(range(first, first + len(texts)))
    assert set(range(first, first + len(texts))) <= set(choices(question))


@given(st.sampled_from(LABELS[:1] + LABELS[2:6]), st.integers(0, 1), st.lists(TEXTS, min_size=3, max_size=15))
def test_the_first_item_may_stand_beside_its_label(label: str, first: int, texts: list[str]) -> None:
    lines = [label.format(number) + text for number, text in enumerate(texts, start=first)]
    question = "Choose.\nProducts: " + "\n".join(lines) + "\nOutput:"
    assert listed_numbers(question) == list(range(first, first + len(texts)))


@given(st.integers(0, 1), st.sets(st.integers(1, 7), max_size=2), st.lists(TEXTS, min_size=4, max_size=8))
def test_with_gaps_both_numbers_and_positions_may_be_answered(first: int, gaps: set[int], texts: list[str]) -> None:
    numbers = [number for number in range(first, first + len(texts)) if number - first not in gaps]
    question = "Choose.\n" + "".join(f"{number}. {text}\n" for number, text in zip(numbers, texts, strict=False))
    if len(numbers) > 1:
        assert {*numbers, *range(first, first + len(numbers))} <= set(choices(question))


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("Select.\n0. a\n1. b\n3. c\nAnswer:", [0, 1, 3]),
        ("Products: 0. Orvanta kettle 4.2 oz\n1. b\n2. c\n3. d", [0, 1, 2, 3]),
        ("Which? 0. a 1. b 2. c 3. d", [0, 1, 2, 3]),
        ("0 kettle\n1 sock\n2 lamp\n3 mug", [0, 1, 2, 3]),
        ("1. a\n2. b\n4. of an item's text\n3. c\n4. d\n5. e", [1, 2, 3, 4, 5]),
        ("Review: 1. good\n2. bad\nAspects:\n1. fit\n2. cut\n3. color", [1, 2, 3]),
        ("1. a\n2. b\n\n1. c\n2. d", [1, 2]),
        ("2. a\n3. b", [2, 3]),
        ("1.5 L kettle\n2.5 L kettle", []),
        ("Write a title.\n1. steel", []),
        ("", []),
    ],
)
def test_lists(question: str, numbers: list[int]) -> None:
    assert listed_numbers(question) == numbers


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("0. a\n1. b\n3. c", [0, 1, 2, 3]),  # 2 may be the third
        ("0. a\n1. b\n2. c", [0, 1, 2, 3]),  # the fourth may be missing
        ("0. yes\n1. no", [0, 1]),
        ("Pros:\n1. good\n2. red\n3. big\n4. cheap\n5. light\nOptions:\n0. a\n1. b", [0, 1, 2, 3, 4, 5]),
        ("Rate the review on a scale of 1 to 5.", [1, 2, 3, 4, 5]),
        ("Rate the review on a scale from 5 (best) to 1 (worst).", [1, 2, 3, 4, 5]),
        ("How many stars, between one and five?", [1, 2, 3, 4, 5]),
        ("Give a rating from 1 star to 5 stars.", [1, 2, 3, 4, 5]),
        ("Give a score (0-5).", [0, 1, 2, 3, 4, 5]),
        ("Score it on a scale of 1 to 10.", list(range(10))),  # the benchmark reads one digit
        ("A game from 2 to 4 people. How many stars does it get?", list(range(10))),
        ("A tent for 1 to 3 people: which season?", list(range(10))),
        ("Rate it from 1 to 5, then on a scale of 0 to 3.", list(range(10))),  # in doubt
        ("2. a\n3. b", [0, 1, 2, 3]),  # the first two cannot be seen
        ("Rate the review from 1 to 5.\nReview: cons are\n1. late\n2. dear", [1, 2, 3, 4, 5]),
        ("How good is it?", list(range(10))),
    ],
)
def test_choices(question: str, expected: list[int]) -> None:
    assert choices(question) == expected


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Are they the same? Only output yes or no.", True),
        ("Are they the same? (Yes/No)", True),
        ("Is it true or false?", True),
        ("Output yes if they are the same product and no otherwise.", True),
        ("Which?\nA. kettle\nB. sock", True),
        ("Are they the same, yes or no?\n0. yes\n1. no", False),
        ("Output yes if they are the same, otherwise no.\nproduct 2: songs 1. get 2. my 3. ooh", True),
        ("Which is yes? ", False),
        ("Rate it from 1 to 5.", False),
    ],
)
def test_some_questions_are_answered_with_a_word(question: str, words: bool) -> None:
    assert wants_words(question) is words


def test_a_regular_list_admits_what_it_lists() -> None:
    found = listing("Choose.\n" + "".join(f"{number}. item\n" for number in range(1, 16)))
    assert found.numbers == found.admissible == tuple(range(1, 16))


@given(st.text(max_size=300))
def test_any_text_has_choices(text: str) -> None:
    assert choices(text)
    assert set(choices(text)) <= set(range(10))
