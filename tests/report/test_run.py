"""The report summarizes the artifacts on one self-contained page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.errors import ShoptuneError
from shoptune.infer.prompt import Usage
from shoptune.infer.timing import summarize_timing
from shoptune.report.collect import collect
from shoptune.report.page import render_page
from shoptune.report.run import run
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import QuestionScore
from shoptune.shopbench.summary import summarize
from tests.publishing import make


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
            lambda folder, text=text: (folder / "scores.json").write_text(text),
        )
    (tmp_path / "run" / "half.partial").mkdir()
    (tmp_path / "run" / "half.partial" / "manifest.json").write_text("{}")
    return tmp_path / "run"


def test_the_difference_is_reported_with_its_interval(run_directory: Path) -> None:
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


def _infer(directory: Path, name: str, seconds: float, **constraints: object) -> None:
    """Predictions without questions, with a timing; this file stands in for the model."""
    timing = summarize_timing([Usage(100, 40, 5, 0.25)] * 10, seconds)

    def write(folder: Path) -> None:
        (folder / "predictions.jsonl").write_text(name)
        (folder / "timing.json").write_text(json.dumps(timing))

    config = {"constraints": constraints, "repair": True}
    made = make(Request("infer", config, {"model": Path(__file__)}), directory / "answers" / name, write)
    scores = (directory / "scores" / "merged" / "scores.json").read_text()
    request = Request("evaluate", {}, {"predictions": made.path / "predictions.jsonl"})
    make(request, directory / "scores" / name, lambda folder: (folder / "scores.json").write_text(scores))


def test_the_page_shows_the_speed_of_inference(run_directory: Path) -> None:
    _infer(run_directory, "held", 3.0, ranking=True, multiple_choice=True, entity_bias=0)
    assert "Effect of constraints" not in render_page(collect(run_directory), "")
    _infer(run_directory, "loose", 2.0, ranking=False, multiple_choice=False, entity_bias=0)
    run(run_directory)
    page = (run_directory / "report.html").read_text()
    cells = re.sub(r"<[^>]+>|\s+", " ", page.partition("Inference speed")[2])
    cells = re.sub(r"\s+", " ", cells)
    # 10 questions in 3 seconds, 50 tokens; 40 of 100 prompt tokens were cached.
    assert "answers/held 10 3.00 3.3 17 40% 0.25 s 0.25 s 0.25 s" in cells
    score = f"{collect(run_directory).scores['merged']['overall']['by_question']:.3f}"
    assert f"answers/held ranking, multiple choice {score} 3.00 1.50 answers/loose none {score} 2.00 1.00" in cells


def test_a_folder_without_artifacts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="contains no artifact"):
        run(tmp_path)


def test_an_artifact_is_not_a_run(run_directory: Path) -> None:
    """The report would replace the artifact's own scores.json."""
    artifact = run_directory / "scores" / "base"
    before = (artifact / "scores.json").read_bytes()
    with pytest.raises(ShoptuneError, match="base: is an artifact of `shoptune evaluate`, not the folder of a run"):
        run(artifact)
    assert (artifact / "scores.json").read_bytes() == before


def test_a_manifest_of_another_program_is_no_artifact(run_directory: Path) -> None:
    for name, content in {"web": '{"short_name": "app"}', "list": "[]", "text": "no JSON"}.items():
        (run_directory / name).mkdir()
        (run_directory / name / "manifest.json").write_text(content)
    assert len(collect(run_directory).artifacts) == 2


def test_scores_in_folders_of_one_name_are_all_compared(run_directory: Path) -> None:
    for name in ("base", "merged"):
        (run_directory / name).mkdir()
        (run_directory / "scores" / name).rename(run_directory / name / "scores")
    assert sorted(collect(run_directory).scores) == ["base/scores", "merged/scores"]
    assert re.match(r"\w+/scores answers (better|worse) than \w+/scores", run(run_directory))


def _keep(run_directory: Path, name: str, kept: slice) -> None:
    file = run_directory / "scores" / name / "scores.json"
    scores = json.loads(file.read_text())
    file.write_text(json.dumps(scores | {"per_question": scores["per_question"][kept]}))


def test_models_are_compared_on_the_questions_that_both_answered(run_directory: Path) -> None:
    _keep(run_directory, "merged", slice(5, 25))
    assert "on the 20 questions that both answered: +0.500 by question" in run(run_directory)
    assert json.loads((run_directory / "scores.json").read_text())["merged_minus_base"]["questions"] == 20


def test_scores_of_different_questions_are_not_compared(run_directory: Path) -> None:
    _keep(run_directory, "merged", slice(5))
    _keep(run_directory, "base", slice(5, 10))
    assert "The merged model and the base were not scored on the same questions." in run(run_directory)


def test_models_of_any_name_are_compared_in_pairs(run_directory: Path) -> None:
    (run_directory / "scores" / "base").rename(run_directory / "scores" / "small")
    (run_directory / "scores" / "merged").rename(run_directory / "scores" / "large")
    sentence = run(run_directory)
    assert re.match(
        r"(large answers better|small answers worse) than (small|large): [+-]0\.\d{3} by question", sentence
    )


def test_a_task_that_one_model_was_not_asked_has_no_score(run_directory: Path) -> None:
    file = run_directory / "scores" / "merged" / "scores.json"
    scores = json.loads(file.read_text())
    task = next(iter(scores["by_task"]))
    del scores["by_task"][task]
    file.write_text(json.dumps(scores))
    run(run_directory)
    cells = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (run_directory / "report.html").read_text()))
    assert re.search(rf" {task.replace('_', ' ')} \d+ \d\.\d{{3}} – ", cells)
