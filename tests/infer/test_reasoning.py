"""Rows with a teacher's reasoning, from the row to the answer: what is trained is what inference asks for and reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from shoptune.data.recipe import load_tasks
from shoptune.data.render.renderer import Renderer
from shoptune.infer.few_shot.selection import FewShotSelector
from shoptune.infer.prepare import Preparer, finished
from shoptune.infer.profile import Profile, load_profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.reasoning import conclusion
from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.rows import Row
from shoptune.shopbench.vocabulary import TaskType
from tests.data.taught import rationales

ROOT = Path(__file__).parents[2]
WINDOW = 1024
# (question, answer, rationale): the hand-made table's, and one that names numbers of options on the way.
CASES = [
    *((record["question"], record["answer"], record["rationale"]) for record in rationales()[:3]),
    ("Which?\n0. a\n1. b\n2. c\nAnswer: ", "2", "Options 0 and 1 cost $3, so those 2 are out, and the third is free|2"),
]


class Tokens:
    """The tiny base's own tokenizer and chat template."""

    control_tokens = ()

    def __init__(self, folder: Path) -> None:
        self._folder, self._tokenizer = folder, Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def render(self, messages: Sequence[Message]) -> str:
        return render(messages, self._folder)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(ROOT / "infer" / "cpu.yaml", [f"prompting={ROOT / 'infer' / 'prompting' / 'reasoning.yaml'}"])


def _row(question: str, answer: str, rationale: str) -> Row:
    """The row that the shipped recipe makes of a record of its query."""
    renderer = Renderer(load_tasks(ROOT / "data_recipes")["teacher_rationale"], seed=0)
    return renderer.row({"key": "1", "question": question, "choice": int(answer), "rationale": rationale})


@pytest.mark.parametrize(("question", "answer", "rationale"), CASES)
def test_the_answer_is_found_in_the_text_that_is_trained(
    question: str, answer: str, rationale: str, profile: Profile
) -> None:
    row, prompt = _row(question, answer, rationale), Prompt(question, is_multiple_choice=True)
    trained = row.chat[-1]["content"]
    assert trained == rationale
    reasoning = profile.prompting.reasoning
    assert reasoning
    assert conclusion(trained, reasoning) == answer
    assert parse(TaskType.MULTIPLE_CHOICE, finished(trained, prompt, profile)) == row.question.output_field
    history = load_profile(ROOT / "infer" / "cpu.yaml", ["prompting=infer/prompting/few-shot-history.yaml"]).prompting
    assert history.reasoning  # paper 002's own regular expression finds it too
    assert conclusion(trained, history.reasoning) == answer


@pytest.mark.parametrize(("question", "answer", "rationale"), CASES)
def test_inference_asks_token_by_token_what_training_showed(
    question: str, answer: str, rationale: str, profile: Profile, tiny_base: Path
) -> None:
    row, prompt = _row(question, answer, rationale), Prompt(question, is_multiple_choice=True)
    tokens = Tokens(tiny_base)
    (prepared,) = Preparer(profile, FewShotSelector(profile.prompting), tokens, WINDOW).prepare([prompt])
    trained = tokens.encode(tokens.render(row.chat))
    size = len(prepared.token_ids)
    assert trained[:size] == list(prepared.token_ids)
    written = tokens.decode(trained[size:])
    assert written.startswith(rationale)
    assert prepared.constraint.pattern
    assert re.fullmatch(prepared.constraint.pattern, rationale)  # the engine may write exactly this text
    assert len(tokens.encode(rationale)) < prepared.max_tokens
    assert finished(rationale, prepared.prompt, profile) == answer
