"""The evaluate stage: from predictions and questions to scores.json."""

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
        ShoptuneError: a file is missing or malformed, or no question's metric can be computed on this machine.
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
    """A table of the tasks and the task types, what could not be scored, and the overall scores with their interval."""
    scores = read_scores(directory)
    overall = scores["overall"]
    low, high = overall["by_question_interval"]
    left_out = [
        f"not scored: {entry['questions']} questions with metric '{metric}': {entry['reason']}; then use --force"
        for metric, entry in scores.get("not_scored", {}).items()
    ]
    total = (
        f"score by question {overall['by_question']:.3f} [{low:.3f}, {high:.3f}], by task {overall['by_task']:.3f}, "
        f"{overall['questions']} questions, {overall['parse_failures']} parse failures"
    )
    return "\n".join([*_table(scores), *left_out, total])


def _table(scores: Mapping[str, Any]) -> Iterator[str]:
    """One line for each task, then one for each task type: score, questions, parse failures."""
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
    """Read the scores."""
    return f"read {quote(str(out / SCORES))}"


def read_scores(directory: Path) -> dict[str, Any]:
    """The scores of an evaluate artifact."""
    scores: dict[str, Any] = json.loads((directory / SCORES).read_text(encoding="utf-8"))
    return scores


EVALUATE: Stage[Job, Job] = Stage("evaluate", load, request, write, next_command, summary=summary)
