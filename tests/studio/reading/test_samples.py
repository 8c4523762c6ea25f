"""Answers before and after a training: which predictions are paired, and in which order questions are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.studio.reading.samples import answers_before_and_after, ordered, samples
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make

QUESTIONS = ["Which kettle?", "Rank these <script>alert(1)</script>", "Name one"]


class _Run:
    def __init__(self, directory: Path) -> None:
        self.directory = directory / "run"
        self.base, self.questions = directory / "base", directory / "questions.json"
        self.base.mkdir()
        (self.base / "config.json").write_text("{}")
        self.questions.write_text(json.dumps(QUESTIONS))

    def artifact(self, name: str, stage: str, config: dict[str, object], inputs: dict[str, Path]) -> Path:
        request = Request(stage, config, inputs)
        return make(request, self.directory / name, lambda folder: (folder / "w").write_text(name)).path

    def answer(self, name: str, inputs: dict[str, Path], answers: list[str], **config: object) -> Path:
        lines = [
            json.dumps({"input_field": question, "prediction": answer}) + "\n"
            for question, answer in zip(QUESTIONS, answers, strict=True)
        ]
        request = Request("infer", {"seed": 0} | config, {"questions": self.questions} | inputs)
        out = self.directory / "answers" / name
        return make(request, out, lambda folder: (folder / "predictions.jsonl").write_text("".join(lines))).path

    def score(self, answers: Path, scores: list[float]) -> None:
        entries = [
            {"score": score, "task_type": "ranking" if n == 1 else "generation"} for n, score in enumerate(scores)
        ]
        text = json.dumps({"overall": {}, "per_question": entries})
        request = Request("evaluate", {"name": answers.name}, {"predictions": answers / "predictions.jsonl"})
        out = self.directory / "scores" / answers.name
        make(request, out, lambda folder: (folder / "scores.json").write_text(text))

    def open(self) -> RunFolder:
        return RunFolder.open(self.directory)


@pytest.fixture
def made(tmp_path: Path) -> _Run:
    return _Run(tmp_path)


def test_an_adapter_is_paired_with_its_base(made: _Run) -> None:
    first = made.artifact("a", "train", {"n": 1}, {"base_model": made.base})
    second = made.artifact("b", "train", {"n": 2}, {"base_model": made.base})
    alone = made.artifact("alone/a", "merge", {}, {"base": made.base, "adapters[0]": first})
    both = made.artifact("merged", "merge", {}, {"base": made.base, "adapters[0]": first, "adapters[1]": second})
    made.answer("merged", {"model": both}, ["5", "6", "7"])
    run = made.open()
    trained = {artifact.name: artifact for artifact in run.of_stage("train")}
    assert answers_before_and_after(run, trained["a"]) is None
    made.answer("base", {"model": made.base}, ["1", "2", "3"])
    assert answers_before_and_after(run, trained["a"]) is None
    made.answer("free", {"model": alone}, ["4", "5", "6"], constraints=False)
    made.answer("a", {"model": alone}, ["3", "2", "1"])
    made.answer("served", {"model": made.base, "adapter": second}, ["9", "9", "9"])
    pair = answers_before_and_after(run, trained["a"])
    assert pair is not None
    assert (pair.before.name, pair.after.name) == ("answers/base", "answers/a")
    pair = answers_before_and_after(run, trained["b"])
    assert pair is not None
    assert (pair.before.name, pair.after.name) == ("answers/base", "answers/served")


def test_samples_have_both_answers_and_scores(made: _Run) -> None:
    adapter = made.artifact("a", "train", {}, {"base_model": made.base})
    before = made.answer("base", {"model": made.base}, ["1", "2", "3"])
    made.answer("a", {"model": made.base, "adapter": adapter}, ["a", "b", "c"])
    run = made.open()
    pair = answers_before_and_after(run, run.of_stage("train")[0])
    assert pair is not None
    found = samples(run, pair)
    assert [(sample.question, sample.before, sample.after) for sample in found] == list(
        zip(QUESTIONS, "123", "abc", strict=True)
    )
    assert [sample.before_score for sample in found] == [None, None, None]
    assert {sample.gain for sample in found} == {0.0}
    made.score(before, [1.0, 0.0, 0.5])
    made.score(run.root / "answers" / "a", [0.0, 1.0, 0.5])
    found = samples(run, pair)
    assert [sample.gain for sample in found] == [-1.0, 1.0, 0.0]
    assert [sample.before for sample in ordered(found, "gained")] == ["2", "3", "1"]
    assert [sample.before for sample in ordered(found, "lost")] == ["1", "3", "2"]
    assert [sample.before for sample in ordered(found, "asked")] == ["1", "2", "3"]
    assert [sample.before for sample in ordered(found, "lost", "ranking")] == ["2"]
