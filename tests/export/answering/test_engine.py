"""The engine that stops at a deadline, with a stand-in for vLLM; tests/end_to_end uses the real one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shoptune.errors import fail
from shoptune.export.answering.engine import DeadlineEngine
from shoptune.infer.constraints.constraint import FREE, Constraint
from shoptune.infer.prepare import Prepared
from shoptune.infer.prompt import Prompt


class _Vllm:
    """Writes one letter per step and question; a step takes `seconds`."""

    def __init__(self, seconds: float = 0.0, fails_at: int = -1) -> None:
        self.seconds, self.fails_at, self.steps = seconds, fails_at, 0
        self.running: dict[str, tuple[str, int]] = {}
        self.aborted: list[str] = []

    def add_request(self, name: str, tokens: dict[str, Any], parameters: Any) -> None:
        if parameters == "refused":
            raise ValueError("bad pattern")
        self.running[name] = ("", int(tokens["prompt_token_ids"][0]))

    def has_unfinished_requests(self) -> bool:
        return bool(self.running)

    def step(self) -> list[Any]:
        self.steps += 1
        if self.steps == self.fails_at:
            raise RuntimeError("a GPU is gone")
        time.sleep(self.seconds)
        outputs = []
        for name, (text, length) in list(self.running.items()):
            self.running[name] = (text + "x", length)
            is_finished = len(text) + 1 == length
            if is_finished:
                del self.running[name]
            outputs.append(
                SimpleNamespace(request_id=name, outputs=[SimpleNamespace(text=text + "x")], finished=is_finished)
            )
        return outputs

    def abort_request(self, names: list[str]) -> None:
        self.aborted += names
        for name in names:
            self.running.pop(name, None)


class _Preparer:
    def prepare(self, prompts: Sequence[Prompt], dynamic: object, *, cut: bool) -> list[Prepared]:
        [prompt] = prompts
        if prompt.text == "unpreparable":
            raise fail("question", "", "is odd", "ask another")
        constraint = Constraint(pattern="(") if prompt.text == "odd pattern" else FREE
        return [Prepared(prompt, [3 if prompt.text == "short" else 30], constraint, 40, lost=5 if cut else 0)]


def _engine(vllm: _Vllm) -> DeadlineEngine:
    engine = object.__new__(DeadlineEngine)
    engine._llm, engine._preparer = SimpleNamespace(llm_engine=vllm), _Preparer()  # type: ignore[assignment]
    engine._parameters = lambda asked: "refused" if asked.constraint.pattern else "taken"  # type: ignore[method-assign]
    engine._numbers, engine._slow_step = itertools.count(), 0.0
    return engine


def _prompts(*texts: str) -> list[Prompt]:
    return [Prompt(text) for text in texts]


def test_without_hurry_every_answer_is_finished(capsys: pytest.CaptureFixture[str]) -> None:
    vllm = _Vllm()
    written = _engine(vllm).write_until(time.monotonic() + 60, _prompts("short", "long"), {})
    assert written == ["xxx", "x" * 30]
    assert vllm.aborted == []
    assert "5 tokens were removed from its middle" in capsys.readouterr().err


def test_answers_are_cut_off_at_the_deadline(capsys: pytest.CaptureFixture[str]) -> None:
    vllm, engine = _Vllm(seconds=0.02), None
    engine = _engine(vllm)
    deadline = time.monotonic() + 0.2
    written = engine.write_until(deadline, _prompts("short", "long"), {})
    assert written[0] == "xxx"
    assert written[1] is not None
    assert 3 <= len(written[1]) < 30
    assert vllm.running == {}
    assert "1 of 2 answers were cut off at the deadline" in capsys.readouterr().err
    assert time.monotonic() < deadline + 0.1


def test_a_slow_first_step_is_forgotten() -> None:
    vllm = _Vllm()
    engine = _engine(vllm)
    engine._slow_step = 60.0
    lengths = [len(engine.write_until(time.monotonic() + 20, _prompts("long"), {})[0] or "") for _ in range(20)]
    assert lengths[0] == 1
    assert lengths[-1] == 30


def test_a_question_that_fails_does_not_affect_the_others() -> None:
    written = _engine(_Vllm()).write_until(time.monotonic() + 60, _prompts("unpreparable", "odd pattern", "short"), {})
    assert written == [None, "x" * 30, "xxx"]


def test_an_engine_that_fails_is_emptied() -> None:
    vllm = _Vllm(fails_at=2)
    with pytest.raises(RuntimeError, match="a GPU is gone"):
        _engine(vllm).write_until(time.monotonic() + 60, _prompts("short", "long"), {})
    assert vllm.running == {}
    assert len(vllm.aborted) == 2
