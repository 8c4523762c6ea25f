"""Score a submission's answers like `shoptune evaluate`, and compare them with the model's scores before export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoptune.errors import Problem
from shoptune.evaluate.stage import read_scores
from shoptune.export.check.result import Result
from shoptune.shopbench.protocols import KDD_CUP, PROTOCOLS
from shoptune.shopbench.questions import Question
from shoptune.shopbench.scoring import score_predictions, unavailable_metrics
from shoptune.shopbench.summary import summarize

_AVERAGES = ("by_question", "by_task")


def check_scores(
    questions: Sequence[Question], answers: Mapping[str, str], expected: Path | None, tolerance: float
) -> Result:
    """Score the answers; compare the averages with an artifact of `shoptune evaluate` on the same questions.

    Args:
        questions: the development questions.
        answers: their answers, by the question's text.
        expected: the artifact's folder, or None to print the scores only.
        tolerance: the largest difference of an average. Batches of another size round sums differently, which can
            change a few answers.
    """
    scores = _scored(questions, [answers.get(question.input_field, "") for question in questions])
    if scores is None:
        return Result("scores", "no metric of these questions is available on this machine")
    overall = scores["overall"]
    low, high = overall["by_question_interval"]
    summary = (
        f"by question {overall['by_question']:.4f} [{low:.4f}, {high:.4f}], by task {overall['by_task']:.4f}, "
        f"{overall['questions']} questions"
    )
    if expected is None:
        return Result("scores", summary, notes=["scores: nothing to compare with; pass --scores DIR"])
    before = read_scores(expected)
    return Result("scores", summary, list(_differences(expected, scores, before, tolerance)))


def _scored(questions: Sequence[Question], predictions: Sequence[str]) -> dict[str, Any] | None:
    """Return the scores of `shoptune evaluate`, for the questions whose metric is available."""
    protocol = PROTOCOLS[KDD_CUP]
    missing = unavailable_metrics(questions, predictions, protocol)
    pairs = [pair for pair in zip(questions, predictions, strict=True) if pair[0].metric not in missing]
    if not pairs:
        return None
    scored = [question for question, _ in pairs]
    return summarize(scored, score_predictions(scored, [text for _, text in pairs], protocol))


def _differences(folder: Path, ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: float) -> list[Problem]:
    asked, scored = ours["overall"]["questions"], theirs["overall"]["questions"]
    identities = [sorted(entry.get("question", "") for entry in each["per_question"]) for each in (ours, theirs)]
    if identities[0] != identities[1]:
        what = f"scores other questions: {scored} of them, and {asked} were asked"
        return [Problem(folder, "", what, "evaluate the model on the questions of this check")]
    return [
        Problem(folder, f"overall.{average}", f"is {before:.4f}, but the submission has {now:.4f}", _REMEDY)
        for average in _AVERAGES
        if abs((now := ours["overall"][average]) - (before := theirs["overall"][average])) > tolerance
    ]


_REMEDY = "export the checkpoint and the profile that were evaluated"
