"""Limits on the length of a row, in characters and in tokens."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.render.record_schema import RecordError
from shoptune.shopbench.rows import Row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_TOKENS_PER_TURN = 5  # <|im_start|>, role, newline, <|im_end|>, newline


@dataclass(frozen=True)
class LengthLimit:
    """Limits on a row.

    Attributes:
        max_characters: limit on the question; checked first, so that a title of a megabyte is never tokenized.
        max_tokens: limit on the whole chat, or None.
        tokenizer: the `tokenizer.json` that counts tokens, or None.
    """

    max_characters: int
    max_tokens: int | None = None
    tokenizer: Path | None = None

    def check(self, row: Row) -> None:
        """Check one row.

        Raises:
            RecordError: the row is too long.
        """
        if len(row.question.input_field) > self.max_characters:
            raise RecordError("too long: more characters than max_characters")
        if self.max_tokens is None or self.tokenizer is None:
            return
        texts = [message["content"] for message in row.chat]
        # A token of a byte-level vocabulary is at least one byte, so most rows need not be encoded.
        if sum(len(text.encode()) + _TOKENS_PER_TURN for text in texts) <= self.max_tokens:
            return
        if self.tokens(texts) > self.max_tokens:
            raise RecordError("too long: more tokens than max_tokens")

    def tokens(self, texts: Sequence[str]) -> int:
        """The number of tokens of a chat, given the text of each turn; those that mark the turns are included."""
        if self.tokenizer is None:
            raise ValueError("no tokenizer")
        encode = _tokenizer(self.tokenizer).encode
        return sum(len(encode(text, add_special_tokens=False).ids) + _TOKENS_PER_TURN for text in texts)


@functools.lru_cache(1)
def _tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(file))
