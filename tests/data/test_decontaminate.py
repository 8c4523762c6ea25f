"""Decontamination and deduplication."""

from pathlib import Path

import pytest
from shoptune.data.quality import Decontaminator, Deduplicator

from shoptune.data.recipe import load_tasks
from shoptune.shopbench.questions import Question, load_questions, write_questions
from shoptune.shopbench.rows import Row
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

PHRASING = (
    "Evaluate the following product review on a scale of 1 to 5, with 1 being very negative. \n{{ text }}\nAnswer: "
)
REVIEW = "I bought this kettle for my mother in May and it has boiled water every single day since then"


def _row(text: str) -> Row:
    question = Question(text, 5, TaskType.MULTIPLE_CHOICE, "rating", Metric.ACCURACY, True, Track.BEHAVIOR)
    return Row(question, "reviews2023", "en")


@pytest.fixture
def decontaminator(tmp_path: Path) -> Decontaminator:
    asked = [
        PHRASING.replace("{{ text }}", REVIEW),
        "Input: Explain the product type toggle switch\nOutput:",
    ]
    write_questions(tmp_path / "dev.json", [_row(text).question for text in asked])
    return Decontaminator.against(
        [tmp_path / "dev.json"], [PHRASING, "Input: Explain the product type {{ x }}\nOutput:"]
    )


def test_a_question_is_found_however_it_is_asked(decontaminator: Decontaminator) -> None:
    assert decontaminator.finds(PHRASING.replace("{{ text }}", REVIEW))
    assert decontaminator.finds(f"How many stars? {REVIEW.upper()}!!")


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not(decontaminator: Decontaminator) -> None:
    words = REVIEW.split()
    assert decontaminator.finds("Stars? " + " ".join(words[3:16]) + " and then it broke")
    assert not decontaminator.finds("Stars? " + " ".join(words[3:15]) + " and then it broke")


def test_the_wording_of_a_recipe_is_no_contamination(decontaminator: Decontaminator) -> None:
    assert not decontaminator.finds(PHRASING.replace("{{ text }}", "I like it"))


def test_a_short_question_is_found_whole(decontaminator: Decontaminator) -> None:
    assert decontaminator.finds("Input: Explain the product type Toggle Switch\nOutput:")
    assert not decontaminator.finds("Input: Explain the product type light switch\nOutput:")


def test_without_files_nothing_is_found() -> None:
    assert not Decontaminator.against([], [PHRASING]).finds(REVIEW)


def test_no_real_development_question_passes(development: Path, root: Path) -> None:
    phrasings = [prompt for task in load_tasks(root / "data_recipes").values() for prompt in task.recipe.prompts]
    decontaminator = Decontaminator.against([development], phrasings)
    for question in load_questions(development):
        assert decontaminator.finds(question.input_field)
        assert decontaminator.finds(question.input_field.upper().replace("\n", " "))


def test_questions_that_differ_in_case_and_punctuation_are_the_same() -> None:
    deduplicator = Deduplicator()
    assert deduplicator.is_new(_row("A kettle, blue"))
    assert not deduplicator.is_new(_row("a KETTLE blue."))
    assert deduplicator.is_new(_row("a kettle red"))
