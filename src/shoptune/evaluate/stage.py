"""The evaluate stage: scores predictions and writes scores.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from shoptune.artifacts.manifest import Request
from shoptune.errors import ShoptuneError, fail, nearest
from shoptune.evaluate.predictions import load_predictions
from shoptune.shopbench.protocols import KDD_CUP, PROTOCOLS
from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.scoring import score_predictions, unavailable_metrics
from shoptune.shopbench.summary import summarize
from shoptune.stage import Stage

SCORES = "scores.json"


@dataclass(frozen=True)
class Job:
    """The predictions to score, and how.

    Attributes:
        predictions: a file of records with `input_field` and `prediction`.
        questions: a file of questions with references, in the development format.
        protocol: the name of a scoring protocol, one of `shopbench.protocols.PROTOCOLS`.
    """

    predictions: Path
    questions: Path
    protocol: str = KDD_CUP


def load(job: Job) -> Job:
    """Check the job's protocol and return the job.

    Raises:
        ShoptuneError: the protocol is unknown.
    """
    if job.protocol not in PROTOCOLS:
        raise fail("--protocol", "", f"there is no protocol '{job.protocol}'", nearest(job.protocol, PROTOCOLS))
    return job


def request(job: Job) -> Request:
    """List everything that determines the scores."""
    inputs = {"predictions": job.predictions, "questions": job.questions}
    config = {"parsers": PROTOCOLS[job.protocol].version}
    if job.protocol != KDD_CUP:
        config["protocol"] = job.protocol
    return Request("evaluate", config, inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Score the predictions and write scores.json.

    Raises:
        ShoptuneError: a file is missing or malformed, or this machine cannot compute the metric of any question.
    """
    asked, protocol = load_questions(job.questions), PROTOCOLS[job.protocol]
    predictions = load_predictions(job.predictions, asked)
    missing = unavailable_metrics(asked, predictions, protocol)
    pairs = [pair for pair in zip(asked, predictions, strict=True) if pair[0].metric not in missing]
    if not pairs:
        raise ShoptuneError(problem for error in missing.values() for problem in error.problems)
    scored = [question for question, _ in pairs]
    scores = summarize(scored, score_predictions(scored, [text for _, text in pairs], protocol))
    if missing:
        scores["not_scored"] = {
            metric: {"questions": sum(question.metric is metric for question in asked), "reason": str(error)}
            for metric, error in missing.items()
        }
    text = json.dumps(scores, indent=2, ensure_ascii=False) + "\n"
    (directory / SCORES).write_text(text, encoding="utf-8")
    return {}


def summary(directory: Path) -> str:
    """Return a table of tasks and task types, questions that were not scored, and the overall scores."""
    scores = read_scores(directory)
    overall = scores["overall"]
    low, high = overall["by_question_interval"]
    left_out = [
        f"not scored: {entry['questions']} questions with metric '{metric}': {entry['reason']}; then rerun with --force"
        for metric, entry in scores.get("not_scored", {}).items()
    ]
    total = (
        f"score by question {overall['by_question']:.3f} [{low:.3f}, {high:.3f}], by task {overall['by_task']:.3f}, "
        f"{overall['questions']} questions, {overall['parse_failures']} parse failures"
    )
    return "\n".join([*_table(scores), *left_out, total])


def _table(scores: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per task, then a line per task type: score, number of questions, unreadable answers."""
    lines = [("task", "metric", "score", "questions", "unreadable")]
    for name, task in scores["by_task"].items():
        lines.append((name, task["metric"], f"{task['score']:.3f}", task["questions"], task["parse_failures"]))
    lines.append(("task type", "", "score", "questions", "unreadable"))
    for name, group in scores["by_task_type"].items():
        lines.append((name, "", f"{group['by_question']:.3f}", group["questions"], group["parse_failures"]))
    first, second = (max(len(line[column]) for line in lines) for column in (0, 1))
    for name, metric, score, questions, failures in lines:
        yield f"{name:<{first}}  {metric:<{second}}  {score:>5}  {questions:>9}  {failures:>10}"


def next_command(_job: Job, out: Path) -> str:
    """Return a hint where to read the scores."""
    return f"read {quote(str(out / SCORES))}"


def read_scores(directory: Path) -> dict[str, Any]:
    """Read the scores from the folder of an evaluate artifact."""
    scores: dict[str, Any] = json.loads((directory / SCORES).read_text(encoding="utf-8"))
    return scores


EVALUATE: Stage[Job, Job] = Stage("evaluate", load, request, write, next_command, summary=summary)
