"""Near-duplicates of rows of other tasks: the same content with the same answer in words."""

from __future__ import annotations

import numpy as np
import pytest

from shoptune.data.filters.across_tasks import RowsOfOtherTasks, meaning_numbers
from shoptune.data.filters.duplicates import bands, signatures
from shoptune.data.filters.words import Words
from shoptune.shopbench.questions import Question
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

TITLE = " ".join(f"word{number}" for number in range(60))
NEARLY = TITLE.replace("word59", "other")  # 57 of 59 runs of three are shared: 0.97
LESS = " ".join(f"word{number}" for number in range(30))  # 28 of 58


def _question(text: str, answer: object, kind: TaskType = TaskType.MULTIPLE_CHOICE) -> Question:
    return Question(text, answer, kind, "task", Metric.ACCURACY, True, Track.BEHAVIOR)  # type: ignore[arg-type]


def _facts(texts: list[str], numbers: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    hashed = signatures(Words.of(texts))
    return hashed, bands(hashed), np.array(numbers, np.uint64)


def test_the_same_content_with_the_same_answer_is_found() -> None:
    rows = RowsOfOtherTasks(0.9, 10)
    rows.add(*_facts([TITLE, LESS], [7, 7]))
    assert rows.finds(
        *_facts([TITLE, NEARLY, TITLE, LESS + " and more words of another kind"], [7, 7, 8, 7])
    ).tolist() == [
        True,
        True,
        False,  # another answer
        False,  # another content
    ]


def test_answers_that_tell_nothing_are_not_compared() -> None:
    rows = RowsOfOtherTasks(0.9, 10)
    rows.add(*_facts([TITLE], [0]))
    assert not rows.finds(*_facts([TITLE], [0])).any()


def test_nothing_is_found_before_anything_was_added() -> None:
    assert not RowsOfOtherTasks(0.9, 0).finds(*_facts([TITLE], [7])).any()


def test_memory_is_bounded_and_the_newest_are_remembered() -> None:
    rows = RowsOfOtherTasks(0.9, 3)
    texts = [f"{TITLE} {number} {number + 1} {number + 2}" for number in range(8)]
    for number, text in enumerate(texts):
        rows.add(*_facts([text], [number + 1]))
    found = [rows.finds(*_facts([text], [number + 1])).item() for number, text in enumerate(texts)]
    assert found == [False] * 5 + [True] * 3
    rows.add(*_facts(texts, list(range(1, 9))))  # more at a time than there is room for
    assert [rows.finds(*_facts([text], [number + 1])).item() for number, text in enumerate(texts)] == found


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_what_is_found_does_not_depend_on_batches(cut: int) -> None:
    texts = [f"{TITLE} {number}" for number in range(8)]
    whole, parts = RowsOfOtherTasks(0.9, 8), RowsOfOtherTasks(0.9, 8)
    whole.add(*_facts(texts, [5] * 8))
    for first in range(0, 8, cut):
        part = texts[first : first + cut]
        parts.add(*_facts(part, [5] * len(part)))
    asked = _facts([TITLE, NEARLY, LESS], [5, 5, 5])
    assert whole.finds(*asked).tolist() == parts.finds(*asked).tolist()


def test_options_count_by_their_text_and_not_by_their_number() -> None:
    first, moved, other = meaning_numbers(
        [
            _question("What is it made of?\n0. steel\n1. wood\nAnswer: ", 1),
            _question("Which material?\n0. Wood\n1. glass\nAnswer: ", 0),
            _question("Which material?\n0. Wood\n1. glass\nAnswer: ", 1),
        ]
    )
    assert first == moved != other


def test_a_retrieval_counts_as_a_set_and_a_ranking_by_its_gains() -> None:
    one, two = (
        _question(f"Choose two.\n1. {a}\n2. {b}\n3. lid", numbers, TaskType.RETRIEVAL)
        for a, b, numbers in (("pot", "pan", [1, 2]), ("pan", "pot", [2, 1]))
    )
    assert len(set(meaning_numbers([one, two]).tolist())) == 1
    ranked = [
        _question(f"Rank.\n1. {a}\n2. {b}", gains, TaskType.RANKING)
        for a, b, gains in (("pot", "pan", [1.0, 0.1]), ("pan", "pot", [0.1, 1.0]), ("pot", "pan", [0.1, 1.0]))
    ]
    numbers = meaning_numbers(ranked).tolist()
    assert numbers[0] == numbers[1] != numbers[2]


def test_yes_no_and_numbers_that_are_no_options_tell_nothing() -> None:
    asked = "Do they match?\n0. yes\n1. no\nAnswer: "
    priced = "How much?\n0. $1.50\n1. 2\nAnswer: "
    questions = [_question(asked, 0), _question(asked, 1), _question(priced, 0), _question("Rate it.", 4)]
    assert meaning_numbers(questions).astype(bool).tolist() == [False, False, True, False]
    assert meaning_numbers([_question("Say why.", "No, it is too small", TaskType.GENERATION)]).all()
