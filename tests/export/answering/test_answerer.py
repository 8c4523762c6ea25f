"""Batches are answered even if the engine fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from shoptune.export.answering.answerer import Answerer
from shoptune.export.answering.pace import Limits, Pace
from shoptune.infer.few_shot.example import FewShotExample
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.shopbench.vocabulary import TaskType

_QUESTIONS = ["Which is it?\n0. a\n1. b", "Which is it?\n0. c\n1. d", "Which is it?\n0. bad\n1. f"]


class _Engine:
    """Behaves as specified by `behave`, and records its requests."""

    def __init__(self, behave: Callable[[Sequence[Prompt]], list[str | None]]) -> None:
        self.behave, self.asked = behave, list[int]()
        self.dynamic: Mapping[TaskType, FewShotExample] = {}

    def write_until(
        self, deadline: float, prompts: Sequence[Prompt], dynamic: Mapping[TaskType, FewShotExample]
    ) -> list[str | None]:
        self.asked.append(len(prompts))
        self.dynamic = dynamic
        return self.behave(prompts)


def _answerer(behave: Callable[[Sequence[Prompt]], list[str | None]], **settings: object) -> tuple[Answerer, _Engine]:
    engine = _Engine(behave)
    profile = Profile.model_validate(settings)
    return Answerer(engine, profile, Pace(Limits(10, 1200, 1896))), engine


@pytest.mark.parametrize("size", range(17))
def test_batches_of_every_size_are_answered_in_order(size: int) -> None:
    answerer, _ = _answerer(lambda prompts: [str(len(prompt.text) % 2) for prompt in prompts])
    questions = [f"Which is it?\n0. a\n1. {'b' * number}" for number in range(size)]
    expected = [str(len(question) % 2) for question in questions]
    assert answerer.answer(questions, is_multiple_choice=True) == expected


def test_a_question_that_breaks_its_batch_costs_only_itself(capsys: pytest.CaptureFixture[str]) -> None:
    def behave(prompts: Sequence[Prompt]) -> list[str | None]:
        if any("bad" in prompt.text for prompt in prompts):
            raise RuntimeError("out of memory")
        return ["1"] * len(prompts)

    answerer, engine = _answerer(behave)
    assert answerer.answer(_QUESTIONS, is_multiple_choice=True) == ["1", "1", "0"]
    assert engine.asked == [3, 1, 1, 1]
    logged = capsys.readouterr().err
    assert "submission: the engine failed on 3 questions: RuntimeError('out of memory')" in logged
    assert "submission: the engine failed on 1 questions: RuntimeError('out of memory')" in logged


def test_without_time_left_no_question_is_asked_again() -> None:
    def behave(prompts: Sequence[Prompt]) -> list[str | None]:
        raise RuntimeError("broken")

    engine = _Engine(behave)
    late = Answerer(engine, Profile(), Pace(Limits(0.0, 1200, 1896), time.monotonic))
    assert late.answer(_QUESTIONS, is_multiple_choice=True) == ["0", "0", "0"]
    assert engine.asked == [3]


def test_an_answer_that_cannot_be_read_becomes_the_default() -> None:
    answerer, _ = _answerer(lambda prompts: ["", None, "  "], repair=False)
    asked = ["Rank them by price, most expensive first:\n1. a\n2. b\n3. c\n4. d\n5. e", "Translate: the kettle", ""]
    assert answerer.answer(asked, is_multiple_choice=False) == ["1,2,3,4,5", "the kettle", "none"]


def test_any_input_is_answered() -> None:
    answerer, _ = _answerer(lambda prompts: [prompt.text.encode().decode() for prompt in prompts])
    assert answerer.answer(["\ud800 x", None, float("nan"), 7], is_multiple_choice=False) == ["? x", "None", "nan", "7"]


def test_too_few_answers_from_the_engine_do_not_shift_the_others() -> None:
    answerer, engine = _answerer(lambda prompts: ["1"])
    assert answerer.answer(_QUESTIONS, is_multiple_choice=True) == ["1", "1", "1"]
    assert engine.asked == [3, 1, 1, 1]


def test_later_batches_are_shown_what_was_answered() -> None:
    answerer, engine = _answerer(lambda prompts: ["1"] * len(prompts), prompting={"dynamic": {"every": 1}})
    answerer.answer(_QUESTIONS[:2], is_multiple_choice=True)
    assert engine.dynamic == {}
    answerer.answer(_QUESTIONS[2:], is_multiple_choice=True)
    shown = FewShotExample(_QUESTIONS[0], TaskType.MULTIPLE_CHOICE, "1")
    assert engine.dynamic == {TaskType.MULTIPLE_CHOICE: shown}
