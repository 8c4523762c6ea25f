"""Constrained answers of a real engine, and a real server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from shoptune.shopbench.options import choices, listed_numbers
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType
from tests.end_to_end.engine_host import EngineHost
from tests.end_to_end.pipeline import ROOT, SHOPTUNE, Pipeline, shoptune

pytestmark = pytest.mark.slow


def _answers(engines: EngineHost, pipeline: Pipeline, out: Path, *settings: str) -> list[tuple[Question, str]]:
    """The merged model's answers to the pipeline's questions."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    profile = "infer/cpu-float32.yaml"
    where = ["--model", pipeline.merged, "--questions", pipeline.questions, "--out", out]
    result = engines.infer(profile, *where, *arguments)
    assert result.returncode == 0, result.stderr
    lines = (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    return list(
        zip(load_questions(pipeline.questions), [json.loads(line)["prediction"] for line in lines], strict=True)
    )


def test_constrained_answers_need_no_repair(pipeline: Pipeline, engines: EngineHost, tmp_path: Path) -> None:
    answers = _answers(engines, pipeline, tmp_path / "out", "repair=false")
    kinds = set()
    for question, answer in answers:
        parsed = parse(question.task_type, answer)
        kinds.add(question.task_type)
        if question.task_type is TaskType.MULTIPLE_CHOICE:
            assert parsed in choices(question.input_field)
        elif question.task_type is TaskType.RANKING:
            assert sorted(parsed) == listed_numbers(question.input_field)
        elif question.task_type is TaskType.RETRIEVAL:
            assert len(set(parsed)) == 3
            assert set(parsed) <= set(listed_numbers(question.input_field))
    assert {TaskType.MULTIPLE_CHOICE, TaskType.RANKING, TaskType.RETRIEVAL} <= kinds
    raw = (tmp_path / "out" / "raw.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["raw"] for line in raw] == [answer for _, answer in answers]  # nothing was repaired
    timing = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert timing["questions"] == len(answers)
    assert 0 < timing["latency_p50"] <= timing["latency_p99"]
    assert timing["prefix_cache_hit_rate"] > 0


STRATEGIES = sorted((ROOT / "infer" / "prompting").glob("*.yaml"))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda file: file.stem)
def test_every_strategy_runs(strategy: Path, pipeline: Pipeline, engines: EngineHost, tmp_path: Path) -> None:
    settings = [f"prompting={strategy}", "engine.max_model_len=2048", "batch_size=16"]
    if strategy.stem == "retrieved":
        settings += [f"prompting.retrieved.rows={pipeline.rows}", "prompting.reasoning.max_tokens=32"]
    out = tmp_path / "out"
    for question, answer in _answers(engines, pipeline, out, *settings):
        parsed = parse(question.task_type, answer)
        if question.task_type is TaskType.MULTIPLE_CHOICE:
            assert parsed in choices(question.input_field)
        elif question.task_type is TaskType.RANKING:
            assert sorted(parsed) == listed_numbers(question.input_field)
    inputs = json.loads((out / "manifest.json").read_text())["inputs"].keys()
    expected = {"few-shot-tips": {"few_shot"}, "few-shot-history": {"few_shot"}, "retrieved": {"retrieved"}}
    assert inputs == {"model", "questions"} | expected.get(strategy.stem, set())
    hits = json.loads((out / "timing.json").read_text())["prefix_cache_hit_rate"]
    assert hits > 0.4 or strategy.stem not in expected or strategy.stem == "retrieved"  # what is shared is cached


def test_a_killed_run_resumes_and_gives_the_same_answers(
    pipeline: Pipeline, engines: EngineHost, tmp_path: Path
) -> None:
    """A dynamic few-shot example from the run, which is shown in later batches."""
    settings = ["prompting.dynamic.every=1", "batch_size=4"]
    whole = _answers(engines, pipeline, tmp_path / "whole", *settings)
    arguments = [part for setting in settings for part in ("--set", setting)]
    where = ["--model", pipeline.merged, "--questions", pipeline.questions, "--out", tmp_path / "killed"]
    command = [SHOPTUNE, "infer", "infer/cpu-float32.yaml", *where, *arguments]
    journal = tmp_path / "killed.partial" / "journal.jsonl"
    with subprocess.Popen(list(map(str, command)), cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while not (journal.is_file() and journal.read_text().count("\n") >= 9):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.kill()
    saved = journal.read_text().count("\n")
    assert saved * 4 < len(whole)
    assert _answers(engines, pipeline, tmp_path / "killed", *settings) == whole


def test_a_question_that_is_too_long_is_a_one_line_error(
    pipeline: Pipeline, engines: EngineHost, tmp_path: Path
) -> None:
    where = ["--model", pipeline.merged, "--questions", pipeline.questions, "--out", tmp_path / "out"]
    result = engines.infer("infer/cpu-float32.yaml", *where, "--set", "engine.max_model_len=64")
    assert result.returncode == 2
    assert "but prompt and answer must fit into 64; raise engine.max_model_len" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


FEW_SHOT = ("prompting=infer/prompting/few-shot-history.yaml",)


def _ask(text: str, port: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return shoptune("ask", text, "--port", port, *flags)


def _answers_health(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def test_a_server_answers_as_infer_does(pipeline: Pipeline, engines: EngineHost, tmp_path: Path) -> None:
    with_numbers = {TaskType.MULTIPLE_CHOICE, TaskType.RANKING}
    ways = {
        (): _answers(engines, pipeline, tmp_path / "out"),
        FEW_SHOT: _answers(engines, pipeline, tmp_path / "few-shot", *FEW_SHOT, "engine.max_model_len=2048"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    serve = [SHOPTUNE, "serve", "infer/cpu-float32.yaml", "--model", str(pipeline.merged), "--port", port]
    serve += ["--set", "engine.max_model_len=2048"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(serve, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 180
        assert "no server answers" in _ask("Is it there?", port).stderr
        while not _answers_health(port):
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(1)
        for settings, answers in ways.items():
            changes = [part for setting in settings for part in ("--set", setting)]
            for question, answer in [pair for pair in answers if pair[0].task_type in with_numbers][::10]:
                flags = ["--multiple-choice"] if question.is_multiple_choice else []
                assert _ask(question.input_field, port, *flags, *changes).stdout.strip() == answer
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
