"""The report: what the artifacts say, on one page that needs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shoptune.artifact import Request, make
from shoptune.errors import ShoptuneError
from shoptune.report.run import run
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import QuestionScore
from shoptune.shopbench.summary import summarize


@pytest.fixture
def run_directory(examples: Path, tmp_path: Path) -> Path:
    questions = load_questions(examples / "questions" / "development.json")
    for name, share in {"base": 0.2, "merged": 0.7}.items():
        counts = (1, 0, 0)
        scores = [
            QuestionScore(float(number % 10 < share * 10), counts if question.metric == "micro f1" else None, False)
            for number, question in enumerate(questions)
        ]
        text = json.dumps(summarize(questions, scores))
        make(
            Request("evaluate", {"name": name}, {}),
            tmp_path / "run" / "scores" / name,
            lambda build, text=text: (build.directory / "scores.json").write_text(text),
        )
    (tmp_path / "run" / "half.partial").mkdir()
    (tmp_path / "run" / "half.partial" / "manifest.json").write_text("{}")
    return tmp_path / "run"


def test_the_difference_is_told_with_its_interval(run_directory: Path) -> None:
    sentence = run(run_directory)
    assert re.match(r"The merged model answers better than the base: \+0\.\d{3} by question, 95% bootstrap", sentence)
    scores = json.loads((run_directory / "scores.json").read_text())
    assert scores.keys() == {"base", "merged", "merged_minus_base"}
    low, high = scores["merged_minus_base"]["interval"]
    assert 0 < low < scores["merged_minus_base"]["difference"] < high


def test_the_page_needs_nothing_else(run_directory: Path) -> None:
    run(run_directory)
    page = (run_directory / "report.html").read_text()
    assert "scores/merged" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "<script" not in page


def test_names_cannot_break_the_page(run_directory: Path) -> None:
    (run_directory / "scores" / "base").rename(run_directory / "scores" / "<b>base")
    run(run_directory)
    assert "<b>base" not in (run_directory / "report.html").read_text()


def test_a_folder_without_artifacts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="holds no artifact"):
        run(tmp_path)


def test_scores_of_different_questions_are_not_compared(run_directory: Path) -> None:
    file = run_directory / "scores" / "merged" / "scores.json"
    scores = json.loads(file.read_text())
    file.write_text(json.dumps(scores | {"per_question": scores["per_question"][:5]}))
    with pytest.raises(ShoptuneError, match="merged: 5 questions were scored, and"):
        run(run_directory)
