"""The calibration set: questions rendered exactly as the model will be asked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoptune.errors import fail
from shoptune.quantize.config import Calibration
from shoptune.shopbench.chat import chat
from shoptune.shopbench.chat_tokenizer import ChatTokenizer
from shoptune.shopbench.questions import load_questions


@dataclass(frozen=True)
class CalibrationSet:
    """Tokenized prompts, and how many were left out.

    Attributes:
        prompts: token ids, one list a question.
        too_long: questions left out because their prompt exceeds the length limit.
        surplus: questions left out because there were enough.
    """

    prompts: list[list[int]]
    too_long: int
    surplus: int


def calibration_set(settings: Calibration, tokenizer: ChatTokenizer) -> CalibrationSet:
    """Render and tokenize the calibration questions.

    Args:
        settings: which questions, how many, how long.
        tokenizer: the checkpoint's; its chat template renders the questions.

    Raises:
        ShoptuneError: the questions cannot be read, or their prompts do not fill one block.
    """
    questions = load_questions(Path(settings.questions))
    chats = [chat(q.input_field, q.task_type, control_tokens=tokenizer.control_tokens) for q in questions]
    prompts = [tokenizer.encode(tokenizer.render(messages)) for messages in chats]
    fitting = [prompt for prompt in prompts if len(prompt) <= settings.max_length]
    used = fitting[: settings.max_samples]
    if sum(map(len, used)) < settings.max_length:
        what = f"{len(used)} usable prompts hold {sum(map(len, used))} tokens, less than one block"
        raise fail(settings.questions, "", what, f"lower calibration.max_length ({settings.max_length})")
    return CalibrationSet(used, len(prompts) - len(fitting), len(fitting) - len(used))
