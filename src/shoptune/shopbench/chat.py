"""From a question to the tokens' text: the one renderer of training, calibration and inference.

What a model is trained on is byte for byte what it is asked: the same system prompt, the same neutralized question, the
same chat template (the checkpoint's own).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from shoptune.errors import fail
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    from jinja2 import Template

# Paper 001, listing 1: the system prompt tells the task type.
SYSTEM_PROMPT = "You are a helpful online shopping assistant. Your task is {task_type}."

# A control token of ChatML, and of every other template that writes them as <|name|>.
_CONTROL_TOKEN = re.compile(r"<\|(\w+)\|>")


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


def neutralize(text: str) -> str:
    """Take the force out of control tokens in foreign text: `<|im_end|>` becomes `<| im_end |>`.

    A product title that holds a control token could otherwise end the user's turn and speak for the system.
    """
    return _CONTROL_TOKEN.sub(r"<| \1 |>", text)


def system_prompt(task_type: TaskType, template: str = SYSTEM_PROMPT) -> str:
    """What the model is told before the question; a template may name the `{task_type}`."""
    return template.format(task_type=task_type.value.replace("_", " "))


def chat(question: str, task_type: TaskType, answer: str | None = None) -> list[Message]:
    """The messages of one question, with the assistant's answer when there is one to learn from."""
    messages = [
        Message(role="system", content=system_prompt(task_type)),
        Message(role="user", content=neutralize(question)),
    ]
    if answer is not None:
        messages.append(Message(role="assistant", content=neutralize(answer)))
    return messages


def render(messages: Sequence[Message], checkpoint: Path) -> str:
    """Render messages with a checkpoint's chat template, as far as the assistant's turn when that is to come.

    Raises:
        ShoptuneError: the checkpoint has no chat template.
    """
    ask = messages[-1]["role"] != "assistant"
    return _template(checkpoint).render(messages=messages, add_generation_prompt=ask)


@functools.cache
def _template(checkpoint: Path) -> Template:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    file = checkpoint / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    standalone = checkpoint / "chat_template.jinja"
    source = standalone.read_text(encoding="utf-8") if standalone.is_file() else settings.get("chat_template")
    if not isinstance(source, str):
        raise fail(file, "chat_template", "the checkpoint has no chat template", "use an instruction-tuned base")
    # The environment that transformers renders chat templates with.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    special = {name: _token(settings.get(name)) for name in ("bos_token", "eos_token", "pad_token")}
    return environment.from_string(source, globals=special)


def _token(value: object) -> str:
    """A special token as tokenizer_config.json writes it: a text, a mapping with its `content`, or null."""
    return str(value["content"]) if isinstance(value, dict) else str(value or "")
