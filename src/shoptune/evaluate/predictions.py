"""Read predictions: JSON lines of `input_field` and `prediction`."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from pathlib import Path

from shoptune.errors import fail
from shoptune.shopbench.questions import Question


def load_predictions(path: Path, questions: Sequence[Question]) -> list[str]:
    """Read predictions, in question order.

    Lines may come in any order; they are matched by the question's text, and questions with the same text take theirs
    in the order of the lines.

    Raises:
        ShoptuneError: the file is missing, a line is malformed, or a question has no prediction.
    """
    if not path.is_file():
        raise fail(path, "", "no such file", "run `shoptune infer` first")
    by_text: dict[str, deque[str]] = defaultdict(deque)
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            text, prediction = fields["input_field"], fields["prediction"]
        except (ValueError, KeyError, TypeError) as error:
            what = "is not a JSON object with 'input_field' and 'prediction'"
            raise fail(path, f"line {number}", what, "correct the line") from error
        if not isinstance(prediction, str):
            raise fail(path, f"line {number}", "'prediction' is not a string", "put it in quotes")
        by_text[text].append(prediction)
    predictions, missing = [], []
    for number, question in enumerate(questions, start=1):
        waiting = by_text[question.input_field]
        if waiting:
            predictions.append(waiting.popleft())
        else:
            missing.append(number)
    if missing:
        what = f"{len(missing)} of {len(questions)} questions have no prediction, the first is question {missing[0]}"
        raise fail(path, "", what, "run `shoptune infer` on the same questions")
    return predictions
