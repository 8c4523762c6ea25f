"""A checkpoint's own tokenizer for inference and calibration: transformers renders and encodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import awaits_answer, no_template, template_errors
from shoptune.shopbench.control_tokens import longest_first


class ChatTokenizer:
    """Chats to token ids.

    Args:
        tokenizer: a tokenizer of transformers.
        checkpoint: the folder it was loaded from.
        arguments: what the chat template takes besides messages, such as Qwen3's `enable_thinking`.
    """

    def __init__(self, tokenizer: Any, checkpoint: Path, arguments: Mapping[str, Any] | None = None) -> None:
        self._tokenizer, self._checkpoint, self._arguments = tokenizer, checkpoint, dict(arguments or {})

    @cached_property
    def ends(self) -> Sequence[int]:
        """The tokens that end an answer: the tokenizer's, and those of generation_config.json."""
        file = self._checkpoint / "generation_config.json"
        settings = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        value = settings.get("eos_token_id")
        listed = value if isinstance(value, list) else [value]
        return [end for end in dict.fromkeys([self._tokenizer.eos_token_id, *listed]) if end is not None]

    @cached_property
    def control_tokens(self) -> tuple[str, ...]:
        """The special tokens, which must have no effect in text from elsewhere."""
        added = self._tokenizer.added_tokens_decoder.values()
        special = [token.content for token in added if token.special]
        return longest_first([*special, *self._tokenizer.all_special_tokens])

    def encode(self, text: str) -> list[int]:
        """The token ids of a text, without special tokens around it: a chat template writes its own."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def render(self, messages: Sequence[Message]) -> str:
        """The chat as text, up to the assistant's turn when the answer is still missing.

        Raises:
            ShoptuneError: the checkpoint has no chat template, or its template rejects the messages.
        """
        if not self._tokenizer.chat_template:
            raise no_template(self._checkpoint)
        with template_errors(self._checkpoint):
            text: str = self._tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=awaits_answer(messages), **self._arguments
            )
        return text
