"""The benchmark can parse the reference answers, which score 1."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.metrics.ndcg import ndcg
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.shopbench.task_types import Reference
from shoptune.shopbench.vocabulary import TaskType


@pytest.mark.parametrize(
    ("task_type", "reference", "text"),
    [
        (TaskType.MULTIPLE_CHOICE, 3, "3"),
        (TaskType.RETRIEVAL, [6, 9, 15], "6,9,15"),
        (TaskType.RANKING, [1, 0.01, 0.1, 1, 0], "1,4,3,2,5"),  # equal gains keep the listed order
        (TaskType.NAMED_ENTITY_RECOGNITION, ["blue", "cotton"], "blue, cotton"),
        (TaskType.GENERATION, "A kettle.", "A kettle."),
        (TaskType.GENERATION, ["first", "second"], "first"),
    ],
)
def test_answers_are_written_as_the_parsers_read_them(task_type: TaskType, reference: Reference, text: str) -> None:
    assert answer_text(task_type, reference) == text


@given(st.lists(st.sampled_from([0, 0.01, 0.1, 1]), min_size=5, max_size=5))
def test_the_written_ranking_is_ideal(gains: list[float]) -> None:
    ranking = parse(TaskType.RANKING, answer_text(TaskType.RANKING, gains))
    assert isinstance(ranking, list)
    assert ndcg([int(item) for item in ranking], gains) == pytest.approx(1.0 if any(gains) else 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["development", "held_out"])
def test_perfect_answers_to_the_made_up_questions_score_one(name: str, examples: Path) -> None:
    questions = load_questions(examples / "questions" / f"{name}.json")
    answers = [answer_text(question.task_type, question.output_field) for question in questions]
    assert [result.score for result in score_predictions(questions, answers)] == pytest.approx([1.0] * len(questions))


@pytest.mark.slow
def test_perfect_answers_to_the_real_questions_score_one(development: Path) -> None:
    questions = load_questions(development)
    assert len(questions) == 96
    answers = [answer_text(question.task_type, question.output_field) for question in questions]
    scores = [result.score for result in score_predictions(questions, answers)]
    assert scores == pytest.approx([1.0] * 96)
