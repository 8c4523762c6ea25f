"""The score budget: which models are compared, and which task types lose."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.report.budget import budget_of
from shoptune.report.collect import collect
from shoptune.report.run import run
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import QuestionScore
from shoptune.shopbench.summary import summarize
from tests.publishing import make

_QUESTIONS = 40  # per task type


class _Run:
    """A run's folder whose artifacts are made one by one."""

    def __init__(self, directory: Path, examples: Path) -> None:
        self.directory = directory
        every = load_questions(examples / "questions" / "held_out.json")
        kinds = ("multiple-choice", "ranking")
        self._asked = [q for kind in kinds for q in [q for q in every if q.task_type.value == kind][:_QUESTIONS]]
        self.base = directory.parent / "base"
        self.base.mkdir()
        (self.base / "config.json").write_text("{}")

    def model(self, name: str, stage: str, config: dict[str, object], inputs: dict[str, Path]) -> Path:
        request = Request(stage, config, inputs)
        return make(request, self.directory / name, lambda folder: (folder / "w").write_text(name)).path

    def merge(self, name: str, *adapters: str) -> Path:
        return self.model(name, "merge", {"adapters": [{"path": path} for path in adapters]}, {"base": self.base})

    def score(self, name: str, model: Path, right: Sequence[int], text: str = "", **config: object) -> None:
        """Score predictions of a model: how many multiple-choice and ranking questions are right."""
        request = Request("infer", {"engine": name, "constraints": {}} | config, {"model": model})
        made = make(
            request,
            self.directory / "answers" / name,
            lambda folder: (folder / "predictions.jsonl").write_text(text or name),
        )
        results = [
            QuestionScore(float(number % _QUESTIONS < right[number // _QUESTIONS]), None, False)
            for number in range(len(self._asked))
        ]
        scores = json.dumps(summarize(self._asked, results))
        request = Request("evaluate", {}, {"predictions": made.path / "predictions.jsonl"})
        make(request, self.directory / "scores" / name, lambda folder: (folder / "scores.json").write_text(scores))


@pytest.fixture
def made(tmp_path: Path, examples: Path) -> _Run:
    return _Run(tmp_path / "run", examples)


def test_every_step_is_compared_with_the_one_before(made: _Run) -> None:
    merged = made.merge("merged", "a", "b")
    models = {
        "zero": (made.base, (10, 10)),
        "first": (made.merge("alone/a", "a"), (20, 20)),
        "second": (made.merge("alone/b", "b"), (30, 20)),
        "merged": (merged, (30, 30)),
        "padded": (made.model("wide", "quantize", {"engine": "pad"}, {"model": merged}), (30, 30)),
        "awq": (made.model("awq", "quantize", {"engine": "autoawq"}, {"model": merged}), (31, 15)),
        "gptq": (made.model("gptq", "quantize", {"engine": "llm-compressor"}, {"model": merged}), (30, 30)),
    }
    for name, (model, right) in reversed(models.items()):
        made.score(name, model, right)
    made.score("merged-free", merged, (0, 0), constraints={"ranking": False})
    steps = {step.name: step for step in budget_of(collect(made.directory))}
    assert {name: (step.kind, step.against) for name, step in steps.items()} == {
        "zero": ("base", None),
        "first": ("adapter", "zero"),
        "second": ("adapter", "zero"),
        "merged": ("merged", "second"),
        "padded": ("padded", "merged"),
        "awq": ("4-bit (autoawq)", "padded"),
        "gptq": ("4-bit (llm-compressor)", "padded"),
    }
    assert steps["merged"].difference is not None
    assert steps["merged"].difference.mean == pytest.approx(10 / 80)
    assert steps["gptq"].losses == {}
    (loss,) = steps["awq"].losses.items()
    assert loss[0] == "ranking"
    assert loss[1].mean == pytest.approx(-15 / 40)
    assert loss[1].high < 0
    assert steps["padded"].difference is not None
    assert (steps["padded"].difference.low, steps["padded"].difference.high) == (0, 0)


def test_models_with_equal_predictions_are_distinguished(made: _Run) -> None:
    merged = made.merge("merged", "a")
    padded = made.model("padded", "quantize", {"engine": "pad"}, {"model": merged})
    made.score("base", made.base, (10, 10))
    made.score("merged", merged, (20, 20), text="the same")
    made.score("padded", padded, (20, 20), text="the same")
    steps = [(step.name, step.kind, step.against) for step in budget_of(collect(made.directory))]
    assert steps == [("base", "base", None), ("merged", "merged", "base"), ("padded", "padded", "merged")]


def test_scores_of_one_name_are_found_in_all_folders(made: _Run) -> None:
    merged = made.merge("merged", "a")
    made.score("base", made.base, (10, 10))
    made.score("v7/merged", merged, (20, 20))
    made.score("v8/merged", merged, (30, 30))
    steps = [(step.name, step.score) for step in budget_of(collect(made.directory))]
    assert steps == [("base", 0.25), ("scores/v7/merged", 0.5), ("scores/v8/merged", 0.75)]
    run(made.directory)  # the report's other tables too
    assert "scores/v8/merged" in (made.directory / "report.html").read_text()


def test_the_page_and_the_scores_have_the_budget(made: _Run) -> None:
    merged = made.merge("merged", "a")
    made.score("base", made.base, (10, 20))
    made.score("merged", merged, (20, 10))
    run(made.directory)
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (made.directory / "report.html").read_text()))
    assert re.search(
        r"merged merged 0\.375 80 base [+-]0\.000 \[-0\.\d{3}, \+0\.\d{3}\] ranking -0\.250 \[-0\.\d{3}, -0", page
    )
    (first, second) = json.loads((made.directory / "scores.json").read_text())["score_budget"]
    assert (first["kind"], second["against"]) == ("base", "base")
    assert second["losses"].keys() == {"ranking"}


def test_unrelated_models_have_no_budget(made: _Run) -> None:
    made.score("one", made.merge("one", "a"), (1, 1))
    made.score("two", made.merge("two", "b"), (2, 2))
    assert budget_of(collect(made.directory)) == []
