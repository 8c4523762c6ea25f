"""Questions of the benchmark are dropped in any wording; the recipes' own wording does not count as contamination."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.data.filters.decontaminate import Decontaminator, Wording
from shoptune.data.filters.words import Words
from shoptune.data.recipe import load_tasks
from shoptune.shopbench.questions import Question, load_questions, write_questions
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

PHRASING = (
    "Evaluate the following product review on a scale of 1 to 5, with 1 being very negative. \n{{ text }}\nAnswer: "
)
EXPLAIN = "Input: Explain the product type {{ x }}\nOutput:"
REVIEW = "I bought this kettle for my mother in May and it has boiled water every single day since then"
WORDING = Wording.of([PHRASING, EXPLAIN])


def _question(text: str) -> Question:
    return Question(text, 5, TaskType.MULTIPLE_CHOICE, "rating", Metric.ACCURACY, True, Track.BEHAVIOR)


def _against(folder: Path, texts: list[str]) -> Decontaminator:
    write_questions(folder / "dev.json", map(_question, texts))
    return Decontaminator.against([folder / "dev.json"], WORDING)


def _finds(decontaminator: Decontaminator, *texts: str) -> list[bool]:
    return decontaminator.finds(WORDING.content(Words.of(texts))).tolist()


@pytest.fixture
def decontaminator(tmp_path: Path) -> Decontaminator:
    return _against(tmp_path, [PHRASING.replace("{{ text }}", REVIEW), EXPLAIN.replace("{{ x }}", "toggle switch")])


def test_a_question_is_found_however_it_is_asked(decontaminator: Decontaminator) -> None:
    assert _finds(
        decontaminator, PHRASING.replace("{{ text }}", REVIEW), "", f"How many stars? {REVIEW.upper()}!!", "Nice"
    ) == [True, False, True, False]


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not(decontaminator: Decontaminator) -> None:
    words = REVIEW.split()
    assert _finds(
        decontaminator,
        "Stars? " + " ".join(words[3:16]) + " and then it broke",
        "Stars? " + " ".join(words[3:15]) + " and then it broke",
    ) == [True, False]


def test_thirteen_words_over_two_texts_are_nothing(decontaminator: Decontaminator) -> None:
    words = REVIEW.split()
    assert _finds(decontaminator, " ".join(words[:9]), " ".join(words[9:])) == [False, False]


def test_the_wording_of_a_recipe_does_not_count_as_contamination(decontaminator: Decontaminator) -> None:
    assert _finds(decontaminator, PHRASING.replace("{{ text }}", "I like it")) == [False]


def test_a_short_question_is_found_whole(decontaminator: Decontaminator) -> None:
    assert _finds(decontaminator, "Input: Explain the product type Toggle Switch\nOutput:") == [True]
    assert _finds(decontaminator, "Input: Explain the product type light switch\nOutput:") == [False]


def test_without_files_nothing_is_found() -> None:
    assert _finds(Decontaminator.against([], WORDING), REVIEW) == [False]


def test_no_real_development_question_passes(development: Path, root: Path) -> None:
    wording = Wording.of(
        prompt for task in load_tasks(root / "data_recipes").values() for prompt in task.recipe.phrasings
    )
    decontaminator = Decontaminator.against([development], wording)
    asked = [question.input_field for question in load_questions(development)]
    assert len(asked) == 96
    for texts in (asked, [text.upper().replace("\n", " ") for text in asked]):
        assert decontaminator.finds(wording.content(Words.of(texts))).all()


# Few words, so that runs of four and of thirteen words coincide often.
sentences = st.lists(st.sampled_from("abcde"), max_size=40).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(
    phrasings=st.lists(sentences, max_size=2),
    asked=st.lists(sentences, min_size=1, max_size=3),
    texts=st.lists(sentences),
)
def test_hashes_find_what_a_plain_comparison_of_words_finds(
    phrasings: list[str], asked: list[str], texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("asked") / "dev.json"
    write_questions(file, [_question(text or "?") for text in asked])
    wording = Wording.of(phrasings)
    found = Decontaminator.against([file], wording).finds(wording.content(Words.of(texts)))
    runs = {run for phrasing in phrasings for run in _runs(phrasing.split(), 4)}
    contents = [_content(text, runs) for text in asked]
    ngrams = {run for content in contents for run in _runs(content, 13)}
    whole = [content for content in contents if content]
    expected = [
        _content(text, runs) in whole or any(run in ngrams for run in _runs(_content(text, runs), 13)) for text in texts
    ]
    assert found.tolist() == expected


def _runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[first : first + length]) for first in range(len(words) - length + 1)]


def _content(text: str, wording: set[tuple[str, ...]]) -> list[str]:
    words = re.findall(r"\w+", text)
    common = {first + step for first, run in enumerate(_runs(words, 4)) if run in wording for step in range(4)}
    return [word for place, word in enumerate(words) if place not in common]
