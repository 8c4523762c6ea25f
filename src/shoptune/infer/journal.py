"""The journal of a run: one line a batch, with its answers and what they cost, so that a killed run can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from shoptune.infer.timing import Answered


@dataclass(frozen=True)
class Batch:
    """An answered batch.

    Attributes:
        answers: in the order in which the questions were asked.
        costs: one entry an answer.
        seconds: the time that the engine was busy with the batch.
    """

    answers: Sequence[str]
    costs: Sequence[Answered]
    seconds: float


def append(file: Path, batch: Batch) -> None:
    """Add a batch; when this returns, it is on disk."""
    line = json.dumps(asdict(batch), ensure_ascii=False) + "\n"
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def read(file: Path) -> list[Batch]:
    """The batches that were saved; a last line that was cut short is taken out of the file."""
    if not file.is_file():
        return []
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)
    lines = [json.loads(line) for line in content[:whole].decode().split("\n") if line]
    return [Batch(line["answers"], [Answered(**cost) for cost in line["costs"]], line["seconds"]) for line in lines]
