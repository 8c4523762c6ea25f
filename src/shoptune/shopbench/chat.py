"""Render a question as the messages of a chat, the same for training, calibration and inference.

Training and inference prompts are byte-identical: the same system prompt, the same neutralized question, the same chat
template (the checkpoint's own).
"""

from __future__ import annotations

from typing import TypedDict

from shoptune.shopbench.control_tokens import neutralize
from shoptune.shopbench.vocabulary import TaskType

# Paper 001, listing 1: the system prompt states the task type.
SYSTEM_PROMPT = "You are a helpful online shopping assistant. Your task is {task_type}."


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


def system_prompt(task_type: TaskType, template: str = SYSTEM_PROMPT) -> str:
    """The system prompt of a question; a template may name the `{task_type}`."""
    return template.format(task_type=task_type.value.replace("_", " "))


def chat(
    question: str, task_type: TaskType, answer: str | None = None, control_tokens: tuple[str, ...] = ()
) -> list[Message]:
    """The messages of one question, with the assistant's answer when there is one to learn from.

    Args:
        question: its text.
        task_type: stated by the system prompt.
        answer: what the assistant should say, or None.
        control_tokens: the checkpoint's special tokens, besides the known families' own.
    """
    messages = [
        Message(role="system", content=system_prompt(task_type)),
        Message(role="user", content=neutralize(question, control_tokens)),
    ]
    if answer is not None:
        messages.append(Message(role="assistant", content=neutralize(answer, control_tokens)))
    return messages
