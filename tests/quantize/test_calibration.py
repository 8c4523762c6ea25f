"""The calibration set: whole prompts, counted."""

import json
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.quantize.calibration import calibration_set
from shoptune.quantize.config import Calibration
from shoptune.shopbench.chat import Message, chat
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.questions import load_questions


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    template = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}>"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    return tmp_path


class _Characters:
    """A tokenizer of single characters."""

    control_tokens: tuple[str, ...] = ()

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def render(self, messages: list[Message]) -> str:
        return render(messages, self._checkpoint)


def test_prompts_are_what_the_model_will_be_asked(checkpoint: Path, examples: Path) -> None:
    tokenizer = _Characters(checkpoint)
    file = examples / "questions" / "development.json"
    settings = Calibration(questions=str(file), max_samples=3, max_length=5000)
    with pytest.raises(ShoptuneError, match="3 usable prompts hold"):
        calibration_set(settings, tokenizer)  # three short questions do not fill a block of 5000
    made = calibration_set(settings.model_copy(update={"max_length": 300}), tokenizer)
    questions = load_questions(file)
    prompts = [render(chat(question.input_field, question.task_type), checkpoint) for question in questions]
    fitting = [prompt for prompt in prompts if len(prompt) <= 300]
    assert made.prompts == [tokenizer.encode(prompt) for prompt in fitting[:3]]
    assert made.too_long == len(prompts) - len(fitting) > 0
    assert made.surplus == len(fitting) - 3
