"""The task type guessed from the text alone."""

from pathlib import Path

import pytest

from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.vocabulary import TaskType


def test_all_real_questions_are_recognized(development: Path) -> None:
    for question in load_questions(development):
        guess = task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice)
        assert guess is question.task_type, question.input_field


@pytest.mark.parametrize("name", ["development", "held_out"])
def test_all_made_up_questions_are_recognized(name: str, examples: Path) -> None:
    for question in load_questions(examples / "questions" / f"{name}.json"):
        guess = task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice)
        assert guess is question.task_type, question.input_field


@pytest.mark.parametrize(
    ("text", "task_type"),
    [
        ("Select 3 of these.\n1. a ranking game\n2. b", TaskType.RETRIEVAL),  # an item's words do not decide
        ("Rank these.\n1) a\n2) b", TaskType.RANKING),
        ("Extract the keyphrase from the review.", TaskType.GENERATION),
        ("Extract entities of type brand from the text.", TaskType.NAMED_ENTITY_RECOGNITION),
        ("Tell me a joke.", TaskType.GENERATION),  # when unsure
        ("", TaskType.GENERATION),
    ],
)
def test_the_instruction_decides(text: str, task_type: TaskType) -> None:
    assert task_type_of(text, is_multiple_choice=False) is task_type


def test_a_flagged_question_is_multiple_choice_whatever_it_says() -> None:
    assert task_type_of("Rank these.\n1. a\n2. b", is_multiple_choice=True) is TaskType.MULTIPLE_CHOICE
