"""The infer stage with a stand-in for the engine: its journal, and resuming after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.infer import answering, journal, pool, stage
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.journal import Batch
from shoptune.infer.pool import Finished
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Completion, Prompt, Usage
from shoptune.shopbench.questions import load_questions, write_questions
from shoptune.shopbench.vocabulary import TaskType
from shoptune.stage import run

COST = Usage(10, 5, 1, 0.5)


class _Engine:
    """Answers with the length of the question and the dynamic example shown; raises on request."""

    batches_until_death = 100

    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        pass

    def answer(
        self, prompts: Sequence[Prompt], adapter: Path | None, dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[Completion]:
        type(self).batches_until_death -= 1
        if not self.batches_until_death:
            raise KeyboardInterrupt
        shown = dynamic.get(TaskType.MULTIPLE_CHOICE)
        after = shown.question[:40] if shown else "nothing"
        texts = [f"{len(prompt.text)} after {after}" for prompt in prompts]
        return [Completion(text, COST, raw=f"Answer: {text}\n") for text in texts]


@pytest.fixture
def asked(examples: Path, tmp_path: Path) -> Path:
    write_questions(tmp_path / "questions.json", load_questions(examples / "questions" / "development.json")[::5])
    return tmp_path / "questions.json"


def _infer(asked: Path, model: Path, out: Path) -> list[str]:
    profile = Profile.model_validate({"batch_size": 3, "prompting": {"dynamic": {"every": 2}}})
    run(stage.INFER, stage.Job(profile, Checkpoint(model), asked, Path("profile.yaml")), out)
    return (out / stage.PREDICTIONS).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("batches", [1, 2, 5, 10])
def test_a_killed_run_resumes_with_the_same_answers(
    batches: int, asked: Path, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "Engine", _Engine)
    whole = _infer(asked, tiny_base, tmp_path / "whole")
    monkeypatch.setattr(_Engine, "batches_until_death", batches)
    with pytest.raises(KeyboardInterrupt):
        _infer(asked, tiny_base, tmp_path / "killed")
    with (tmp_path / "killed.partial" / "journal.jsonl").open("a") as file:
        file.write('{"completions": [{"text": "cut sho')
    monkeypatch.setattr(_Engine, "batches_until_death", 100)
    assert _infer(asked, tiny_base, tmp_path / "killed") == whole
    raw = (tmp_path / "killed" / "raw.jsonl").read_bytes()
    assert raw == (tmp_path / "whole" / "raw.jsonl").read_bytes()
    outputs = [json.loads(line) for line in raw.splitlines()]
    pairs = zip(outputs, map(json.loads, whole), strict=True)
    for output, prediction in pairs:
        expected = {"input_field": prediction["input_field"], "raw": f"Answer: {prediction['prediction']}\n"}
        assert output == expected
    timing = json.loads((tmp_path / "killed" / "timing.json").read_text())
    assert timing["questions"] == len(whole)
    assert timing["prompt_tokens"] == len(whole) * COST.prompt_tokens
    assert sorted(file.name for file in (tmp_path / "killed").iterdir()) == [
        "manifest.json", "predictions.jsonl", "raw.jsonl", "timing.json",
    ]  # fmt: skip


def test_a_batch_is_in_the_journal_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    assert journal.read(file) == {}
    batches = [
        Batch(1, [Completion("1", COST, "Answer: 1"), Completion("ü\u2028\n", COST)], 5.0, 0.5),
        Batch(0, [Completion("3", COST)], 5.25, 0.25),
    ]
    for batch in batches:
        journal.append(file, batch)
    content = file.read_bytes()
    assert journal.read(file) == {1: batches[0], 0: batches[1]}
    for end in range(content.index(b"\n") + 1, len(content) - 1, 7):  # a kill in the middle of the second line
        file.write_bytes(content[:end])
        assert journal.read(file) == {1: batches[0]}
        journal.append(file, batches[1])
        assert journal.read(file) == {1: batches[0], 0: batches[1]}


def test_batches_in_the_journal_of_an_earlier_version_are_answered_again(
    asked: Path, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "Engine", _Engine)
    monkeypatch.setattr(_Engine, "batches_until_death", 2)
    with pytest.raises(KeyboardInterrupt):
        _infer(asked, tiny_base, tmp_path / "out")
    saved = tmp_path / "out.partial" / "journal.jsonl"
    batch = json.loads(saved.read_text(encoding="utf-8"))
    del batch["number"], batch["started"]
    for completion in batch["completions"]:
        del completion["raw"]
    saved.write_text(json.dumps(batch) + "\n", encoding="utf-8")
    monkeypatch.setattr(_Engine, "batches_until_death", 100)
    predictions = _infer(asked, tiny_base, tmp_path / "out")
    lines = (tmp_path / "out" / "raw.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(predictions)
    assert json.loads((tmp_path / "out" / "timing.json").read_text())["questions"] == len(predictions)


class _Pool:
    """Stands in for `EnginePool`: answers in reverse order, and is interrupted on request."""

    until_death = 100
    asked: ClassVar[list[str]] = []

    def __init__(self, checkpoint: Path, profile: Profile, replicas: int | None) -> None:
        assert replicas == 2
        self._engine = _Engine(checkpoint, profile)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work: Any, pieces: Sequence[Sequence[Prompt]]) -> Iterator[Finished[list[Completion]]]:
        for number, piece in reversed(list(enumerate(pieces))):
            type(self).until_death -= 1
            if not self.until_death:
                raise KeyboardInterrupt
            self.asked.extend(prompt.text for prompt in piece)
            yield Finished(number, work(self._engine, piece, dynamic={}), 100.0 - number, 1.5)


def _on_ray(asked: Path, model: Path, out: Path) -> list[str]:
    profile = Profile.model_validate({"batch_size": 3})
    job = stage.Job(profile, Checkpoint(model), asked, Path("profile.yaml"), engine="ray", replicas=2)
    run(stage.INFER, job, out)
    return (out / stage.PREDICTIONS).read_text(encoding="utf-8").splitlines()


def test_a_run_on_ray_gives_the_local_answers_in_order_and_resumes_where_the_journal_ends(
    asked: Path, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "Engine", _Engine)
    monkeypatch.setattr(pool, "EnginePool", _Pool)
    monkeypatch.setattr(_Pool, "until_death", 3)
    local = stage.Job(Profile.model_validate({"batch_size": 3}), Checkpoint(tiny_base), asked, Path("profile.yaml"))
    run(stage.INFER, local, tmp_path / "local")
    with pytest.raises(KeyboardInterrupt):
        _on_ray(asked, tiny_base, tmp_path / "ray")
    assert len(_Pool.asked) == 5  # the last batch, which has two questions, and one with three
    monkeypatch.setattr(_Pool, "until_death", 100)
    predictions = _on_ray(asked, tiny_base, tmp_path / "ray")
    assert predictions == (tmp_path / "local" / stage.PREDICTIONS).read_text(encoding="utf-8").splitlines()
    assert sorted(_Pool.asked) == sorted(json.loads(line)["input_field"] for line in predictions)  # none of them twice
    assert run(stage.INFER, local, tmp_path / "ray").rebuilt is False  # the predictions do not depend on the engine


def test_files_of_the_prompting_are_inputs(asked: Path, tiny_base: Path, tmp_path: Path) -> None:
    few_shot = {"prompting": {"few_shot": {"questions": str(asked)}}}
    job = stage.Job(Profile.model_validate(few_shot), Checkpoint(tiny_base), asked, Path("profile.yaml"))
    request = stage.request(job)
    assert request.inputs["few_shot"] == asked
    assert request.inputs.keys() == {"model", "questions", "few_shot"}


def test_questions_without_references_are_answered_and_not_proposed_for_scoring(
    asked: Path, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "Engine", _Engine)
    monkeypatch.setattr(_Engine, "batches_until_death", 100)
    bare = tmp_path / "bare questions.csv"
    bare.write_text("input_field\nWhich?\nExplain\n")
    assert len(_infer(bare, tiny_base, tmp_path / "out")) == 2
    following = [
        stage.next_command(stage.Job(Profile(), Checkpoint(tiny_base), file, Path("profile.yaml")), Path("my out"))
        for file in (bare, asked)
    ]
    assert following == [
        "read 'my out/predictions.jsonl'",
        f"shoptune evaluate 'my out/predictions.jsonl' --questions {asked} --out DIR",
    ]
