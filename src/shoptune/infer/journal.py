"""The journal of a run: one line per finished batch, in any order, so that an interrupted run can resume."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.infer.prompt import Completion, Usage


@dataclass(frozen=True)
class Batch:
    """A batch that has been answered.

    Attributes:
        number: its position among the run's batches.
        completions: the completions, in the order of the batch's questions.
        started: when the engine started with it, in seconds since the epoch.
        seconds: the time that the engine took for the batch.
    """

    number: int
    completions: Sequence[Completion]
    started: float
    seconds: float


def append(file: Path, batch: Batch) -> None:
    """Append a batch to the journal and flush it to disk."""
    line = json.dumps(asdict(batch), ensure_ascii=False) + "\n"
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def read(file: Path) -> dict[int, Batch]:
    """Read the saved batches, by number. An incomplete last line, left by an interruption, is removed from the file."""
    if not file.is_file():
        return {}
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(file, whole)
    lines = [json.loads(line) for line in content[:whole].decode().split("\n") if line]
    # Earlier versions saved no numbers; their batches are answered again.
    return {line["number"]: _batch(line) for line in lines if "number" in line}


def _batch(line: dict[str, Any]) -> Batch:
    completions = [Completion(entry["text"], Usage(**entry["usage"]), entry["raw"]) for entry in line["completions"]]
    return Batch(line["number"], completions, line["started"], line["seconds"])
