"""Read predictions: records with the fields `input_field` and `prediction`."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoptune.errors import fail, shorten
from shoptune.runtime.progress import say
from shoptune.shopbench.question_files import read_records
from shoptune.shopbench.questions import Question


def load_predictions(path: Path, questions: Sequence[Question]) -> list[str]:
    """Read predictions, and return them in question order.

    Records may be in any order: they are matched to questions by text. If several questions have the same text, their
    predictions are taken in the order of the records. Predictions that match no question are reported and ignored.

    Raises:
        ShoptuneError: the file is missing, a record is malformed, or a question has no prediction.
    """
    if path.is_dir():
        raise fail(path, "", "is a folder, not a file", f"pass the file in it: {path / 'predictions.jsonl'}")
    if not path.is_file():
        raise fail(path, "", "no such file", "run `shoptune infer` first")
    by_text: dict[str, deque[str]] = defaultdict(deque)
    for text, prediction in read_records(path, _pair):
        by_text[text].append(prediction)
    predictions, missing = [], []
    for number, question in enumerate(questions, start=1):
        waiting = by_text[question.input_field]
        if waiting:
            predictions.append(waiting.popleft())
        else:
            missing.append(number)
    if missing:
        what = f"{len(missing)} of {len(questions)} questions have no prediction; the first is question {missing[0]}"
        raise fail(path, "", what, "run `shoptune infer` on the same questions")
    if unasked := [text for text, waiting in by_text.items() for _ in waiting]:
        say(f"evaluate: {path}: {len(unasked)} predictions match no question; the first is for {shorten(unasked[0])}")
    return predictions


def _pair(fields: Mapping[str, Any]) -> tuple[str, str]:
    if "input_field" not in fields or "prediction" not in fields:
        raise ValueError("has no 'input_field' or no 'prediction'")
    if not isinstance(fields["prediction"], str):
        raise ValueError("'prediction' is not a string")  # noqa: TRY004 - the same type of error for every malformed record
    return str(fields["input_field"]), fields["prediction"]
