"""Constrained answers of a real engine, and a real server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from shoptune.shopbench.options import choices, listed_numbers
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.questions import Question, load_questions
from shoptune.shopbench.vocabulary import TaskType
from tests.end_to_end.conftest import ROOT, SHOPTUNE, Pipeline, run_shoptune

pytestmark = pytest.mark.slow


def _answers(pipeline: Pipeline, out: Path, *settings: str) -> list[tuple[Question, str]]:
    """What the merged model says to the pipeline's questions."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    profile = "infer/cpu-float32.yaml"
    where = ["--model", pipeline.merged, "--questions", pipeline.questions, "--out", out]
    run_shoptune("infer", profile, *where, *arguments)
    lines = (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    return list(
        zip(load_questions(pipeline.questions), [json.loads(line)["prediction"] for line in lines], strict=True)
    )


def test_constrained_answers_need_no_repair(pipeline: Pipeline, tmp_path: Path) -> None:
    answers = _answers(pipeline, tmp_path / "out", "repair=false")
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
    timing = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert timing["questions"] == len(answers)
    assert 0 < timing["latency_p50"] <= timing["latency_p99"]
    assert timing["prefix_cache_hit_rate"] > 0


def _ask(text: str, port: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [SHOPTUNE, "ask", text, "--port", port, *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_server_answers_as_infer_does(pipeline: Pipeline, tmp_path: Path) -> None:
    with_numbers = {TaskType.MULTIPLE_CHOICE, TaskType.RANKING}
    answers = [pair for pair in _answers(pipeline, tmp_path / "out") if pair[0].task_type in with_numbers]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    serve = [SHOPTUNE, "serve", "infer/cpu-float32.yaml", "--model", str(pipeline.merged), "--port", port]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(serve, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 180
        while (first := _ask("Is it there?", port)).returncode:
            assert "no server answers" in first.stderr, first.stderr
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(1)
        for question, answer in answers[::5]:
            flags = ["--multiple-choice"] if question.is_multiple_choice else []
            assert _ask(question.input_field, port, *flags).stdout.strip() == answer
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
