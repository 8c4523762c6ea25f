"""The fixed prompts of the parity gate, as token ids with the answer that all forms are given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.parity.config import Parity
from shoptune.shopbench.chat import chat
from shoptune.shopbench.chat_tokenizer import ChatTokenizer
from shoptune.shopbench.questions import load_asked


@dataclass(frozen=True)
class Sequenced:
    """A prompt and its answer as token ids; distributions are compared where the answer's tokens are predicted."""

    prompt: list[int]
    answer: list[int]


def prompts(parity: Parity, tokenizer: Any, checkpoint: Path) -> list[list[int]]:
    """The prompts as token ids, rendered like questions at inference.

    Args:
        parity: the file, and how many of its questions.
        tokenizer: a tokenizer of transformers.
        checkpoint: the folder it was loaded from.
    """
    chats = ChatTokenizer(tokenizer, checkpoint)
    questions = load_asked(Path(parity.questions))
    chosen = [questions[number] for number in spread(len(questions), parity.prompts)]
    return [
        chats.encode(chats.render(chat(q.input_field, q.task_type, control_tokens=chats.control_tokens)))
        for q in chosen
    ]


def spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` of `count` positions, evenly spread."""
    wanted = min(count, wanted)
    return [number * count // wanted for number in range(wanted)]


def save(sequences: Sequence[Sequenced], file: Path) -> None:
    """Write the tokens that all forms are given."""
    file.write_text(json.dumps([asdict(sequence) for sequence in sequences]), encoding="utf-8")


def load(file: Path) -> list[Sequenced]:
    """Read sequences written by `save`."""
    return [Sequenced(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
