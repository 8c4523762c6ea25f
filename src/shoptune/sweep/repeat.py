"""Whether a sweep's first point gives the same predictions when it is scored again at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from shoptune.artifacts.publish import write_atomically


class FirstPredictions:
    """Digests of the predictions of a sweep's first point, on disk for a resumed sweep.

    Args:
        directory: the folder of the saved points.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "first-predictions.json"

    def keep(self, predictions: Sequence[str]) -> None:
        """Remember the first predictions; later ones are ignored."""
        if not self._file.is_file():
            write_atomically(self._file, json.dumps(_digests(predictions)) + "\n")

    def changed(self, predictions: Sequence[str]) -> int:
        """How many predictions differ from the first ones."""
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        return sum(first != second for first, second in zip(kept, _digests(predictions), strict=True))


def repeat_sentence(candidate: object, changed: int, questions: int) -> str:
    """Describe the comparison of a sweep's first point with its repetition at the end."""
    if not changed:
        return f"Scored again at the end, {candidate} gave the same predictions."
    return (
        f"Scored again at the end, {candidate} gave other predictions for {changed} of {questions} questions: the "
        "reloaded weights do not answer as they did at first, so do not rely on this sweep."
    )


def _digests(predictions: Sequence[str]) -> list[str]:
    return [hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest() for text in predictions]
