"""The evaluate stage: from predictions and questions to scores.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.evaluate.predictions import load_predictions
from shoptune.shopbench import parsers
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.shopbench.summary import summarize

SCORES = "scores.json"


def run(predictions: Path, questions: Path, out: Path, *, force: bool = False) -> Artifact:
    """Score predictions and write scores.json.

    Args:
        predictions: JSON lines of `input_field` and `prediction`.
        questions: the questions with their references, in the development format.
        out: the artifact's directory.
        force: score even when the artifact is up to date.

    Raises:
        ShoptuneError: a file is missing or malformed, or a metric's embedding model is not on this machine.
    """
    config = {"parsers": parsers.VERSION}
    request = Request("evaluate", config, {"predictions": predictions, "questions": questions})

    def write(build: Build) -> None:
        asked = load_questions(questions)
        scores = summarize(asked, score_predictions(asked, load_predictions(predictions, asked)))
        text = json.dumps(scores, indent=2, ensure_ascii=False) + "\n"
        (build.directory / SCORES).write_text(text, encoding="utf-8")

    return make(request, out, write, force=force)


def read_scores(directory: Path) -> dict[str, Any]:
    """The scores of an evaluate artifact."""
    scores: dict[str, Any] = json.loads((directory / SCORES).read_text(encoding="utf-8"))
    return scores
