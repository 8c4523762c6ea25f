"""The evaluate stage: predictions in any order, scores.json out."""

import json
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.evaluate.predictions import load_predictions
from shoptune.evaluate.stage import EVALUATE, Job, read_scores
from shoptune.shopbench import embeddings
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import load_questions
from shoptune.stage import run


def _write(file: Path, pairs: list[tuple[str, str]]) -> Path:
    file.write_text("".join(json.dumps({"input_field": text, "prediction": answer}) + "\n" for text, answer in pairs))
    return file


@pytest.mark.slow
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
        ("{", r"line 1: Expecting property name"),
        ('{"input_field": "x"}', r"line 1: has no 'input_field' or no 'prediction'; correct the line"),
        ('["x"]', r"line 1: is not a JSON object"),
        ('{"input_field": "x", "prediction": 3}', r"line 1: 'prediction' is not a string"),
        ("", r"1 of 1 questions have no prediction; the first is question 1"),
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


def _question(text: str, metric: str) -> str:
    return json.dumps({"input_field": text, "output_field": "a b", "metric": metric, "task_name": f"{metric} task"})


def test_predictions_that_match_no_question_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "q.json").write_text(_question("Explain", "rougel"))
    file = _write(tmp_path / "p.jsonl", [("Explain", "a"), ("Other", "b"), ("Explain", "c")])
    assert load_predictions(file, load_questions(tmp_path / "q.json")) == ["a"]
    assert "2 predictions match no question; the first is for 'Explain'" in capsys.readouterr().err


@pytest.mark.slow  # it loads sentence-transformers
def test_a_missing_embedding_model_leaves_the_other_questions_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = "SHOPTUNE_PARAPHRASE_MULTILINGUAL_MINILM_L12_V2"
    monkeypatch.setenv(variable, str(tmp_path / "absent"))
    embeddings.embedder.cache_clear()
    lines = [_question("One", "rougel"), _question("Two", "multilingual-sent-transformer")]
    (tmp_path / "q.json").write_text("\n".join(lines))
    file = _write(tmp_path / "p.jsonl", [("One", "a b"), ("Two", "a b")])
    run(EVALUATE, Job(file, tmp_path / "q.json"), tmp_path / "out")
    scores = read_scores(tmp_path / "out")
    assert scores["overall"]["questions"] == 1
    assert scores["not_scored"]["multilingual-sent-transformer"]["questions"] == 1
    assert "multilingual-sent-transformer" in EVALUATE.summary(tmp_path / "out")
    (tmp_path / "q.json").write_text(lines[1])
    with pytest.raises(ShoptuneError, match=r"embedding model|not installed"):
        run(EVALUATE, Job(file, tmp_path / "q.json"), tmp_path / "other")


def test_the_summary_has_a_line_for_each_task_and_task_type(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(_question("One", "rougel") + "\n" + _question("Two", "bleu"))
    run(
        EVALUATE, Job(_write(tmp_path / "p.jsonl", [("One", "a b"), ("Two", "c")]), tmp_path / "q.json"), tmp_path / "o"
    )
    lines = [line.split() for line in EVALUATE.summary(tmp_path / "o").splitlines()]
    assert lines[1] == ["rougel", "task", "rougel", "1.000", "1", "0"]
    assert lines[2][:3] == ["bleu", "task", "bleu"]
    assert lines[4] == ["generation", "0.500", "2", "0"]
