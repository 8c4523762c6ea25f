"""The evaluate stage: from predictions and questions to scores.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import Request
from shoptune.errors import fail, nearest
from shoptune.evaluate.predictions import load_predictions
from shoptune.shopbench.protocols import KDD_CUP, PROTOCOLS
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import score_predictions
from shoptune.shopbench.summary import summarize
from shoptune.stage import Stage

SCORES = "scores.json"


@dataclass(frozen=True)
class Job:
    """What to score.

    Attributes:
        predictions: JSON lines of `input_field` and `prediction`.
        questions: the questions with their references, in the development format.
        protocol: one of `shopbench.protocols.PROTOCOLS`.
    """

    predictions: Path
    questions: Path
    protocol: str = KDD_CUP


def load(job: Job) -> Job:
    """Check the job that the command line gives.

    Raises:
        ShoptuneError: the protocol is unknown.
    """
    if job.protocol not in PROTOCOLS:
        raise fail("--protocol", "", f"there is no protocol '{job.protocol}'", nearest(job.protocol, PROTOCOLS))
    return job


def request(job: Job) -> Request:
    """What the scores are made from."""
    inputs = {"predictions": job.predictions, "questions": job.questions}
    config = {"parsers": PROTOCOLS[job.protocol].version}
    if job.protocol != KDD_CUP:
        config["protocol"] = job.protocol
    return Request("evaluate", config, inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Score the predictions and write scores.json.

    Raises:
        ShoptuneError: a file is missing or malformed, or a metric's embedding model is not on this machine.
    """
    asked = load_questions(job.questions)
    predictions = load_predictions(job.predictions, asked)
    scores = summarize(asked, score_predictions(asked, predictions, PROTOCOLS[job.protocol]))
    text = json.dumps(scores, indent=2, ensure_ascii=False) + "\n"
    (directory / SCORES).write_text(text, encoding="utf-8")
    return {}


def summary(directory: Path) -> str:
    """The overall scores with their interval."""
    overall = read_scores(directory)["overall"]
    low, high = overall["by_question_interval"]
    return (
        f"score by question {overall['by_question']:.3f} [{low:.3f}, {high:.3f}], by task {overall['by_task']:.3f}, "
        f"{overall['questions']} questions, {overall['parse_failures']} parse failures"
    )


def next_command(_job: Job, out: Path) -> str:
    """Read the scores."""
    return f"read {out / SCORES}"


def read_scores(directory: Path) -> dict[str, Any]:
    """The scores of an evaluate artifact."""
    scores: dict[str, Any] = json.loads((directory / SCORES).read_text(encoding="utf-8"))
    return scores


EVALUATE: Stage[Job, Job] = Stage("evaluate", load, request, write, next_command, summary=summary)
