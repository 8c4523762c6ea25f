"""The evaluate stage: predictions in any order, scores.json out."""

import json
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.evaluate.predictions import load_predictions
from shoptune.evaluate.stage import EVALUATE, Job, read_scores
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import load_questions
from shoptune.stage import run


def _write(file: Path, pairs: list[tuple[str, str]]) -> Path:
    file.write_text("".join(json.dumps({"input_field": text, "prediction": answer}) + "\n" for text, answer in pairs))
    return file


def test_perfect_predictions_in_reverse_order_score_one(examples: Path, tmp_path: Path) -> None:
    questions = load_questions(examples / "questions" / "development.json")
    pairs = [(question.input_field, answer_text(question.task_type, question.output_field)) for question in questions]
    job = Job(_write(tmp_path / "p.jsonl", pairs[::-1]), examples / "questions" / "development.json")
    run(EVALUATE, job, tmp_path / "out")
    scores = read_scores(tmp_path / "out")
    assert scores["overall"]["by_task"] == pytest.approx(1.0)
    assert scores["overall"]["by_question"] == pytest.approx(1.0)
    assert scores["overall"]["questions"] == len(scores["per_question"]) == len(questions)
    assert {entry["metric"] for entry in scores["by_task"].values()} >= {"accuracy", "ndcg", "bleu", "micro f1"}
    assert len(scores["by_track"]) == 4
    assert len(scores["by_task_type"]) == 5


def test_equal_questions_take_their_predictions_in_order(examples: Path, tmp_path: Path) -> None:
    question = load_questions(examples / "questions" / "development.json")[0]
    file = _write(tmp_path / "p.jsonl", [(question.input_field, "first"), (question.input_field, "second")])
    assert load_predictions(file, [question, question]) == ["first", "second"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", r"line 1: is not a JSON object with 'input_field' and 'prediction'; correct the line"),
        ('{"input_field": "x"}', r"line 1: is not a JSON object with"),
        ('["x"]', r"line 1: is not a JSON object with"),
        ('{"input_field": "x", "prediction": 3}', r"line 1: 'prediction' is not a string"),
        ("", r"1 of 1 questions have no prediction, the first is question 1"),
    ],
)
def test_bad_predictions_are_named(examples: Path, tmp_path: Path, line: str, problem: str) -> None:
    question = load_questions(examples / "questions" / "development.json")[0]
    (tmp_path / "p.jsonl").write_text(line + "\n")
    with pytest.raises(ShoptuneError, match=problem):
        load_predictions(tmp_path / "p.jsonl", [question])


def test_missing_predictions_are_named(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such file; run `shoptune infer` first"):
        load_predictions(tmp_path / "none.jsonl", [])
