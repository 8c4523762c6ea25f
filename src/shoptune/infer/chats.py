"""Chats other than ShopBench questions, such as those that ask a teacher, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.infer.prompt import Usage
from shoptune.shopbench.chat import Message


@dataclass(frozen=True)
class Chat:
    """Messages to answer, and how to sample the answer.

    Attributes:
        messages: the messages, the user's last. Control tokens in text that comes from elsewhere must be neutralized.
        max_tokens: the maximum length of the answer, in tokens.
        schema: a JSON Schema that the answer must satisfy, or None. The answer is compact JSON; it is incomplete if it
            reaches `max_tokens`.
        temperature: the sampling temperature; 0 decodes greedily.
        seed: the seed of the sampling; chats that are equal up to the seed give different samples.
    """

    messages: Sequence[Message]
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class ChatAnswer:
    """The answer to a chat.

    Attributes:
        text: what the model wrote.
        usage: the tokens and the time it took.
        is_complete: whether the model ended the answer itself; False if it reached `max_tokens`.
    """

    text: str
    usage: Usage
    is_complete: bool
