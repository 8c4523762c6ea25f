"""Write scores.json and report.html, which summarize a run's artifacts."""

from __future__ import annotations

import json
from pathlib import Path

from shoptune.artifacts.publish import write_atomically
from shoptune.report.budget import budget_of
from shoptune.report.collect import BASE, MERGED, SCORES, Run, collect
from shoptune.report.page import render_page

REPORT = "report.html"
_NAMES = {MERGED: "the merged model", BASE: "the base"}


def run(directory: Path) -> str:
    """Write both files to a run's folder, and return the main result as a sentence.

    Raises:
        ShoptuneError: the folder contains no artifact.
    """
    found = collect(directory)
    learned = " ".join(_sentence(found, *pair) for pair in found.pairs())
    write_atomically(directory / REPORT, render_page(found, learned))
    summary: dict[str, object] = {name: _summary(scores) for name, scores in found.scores.items()}
    for model, baseline in found.pairs():
        if difference := found.difference(model, baseline):
            interval = [difference.low, difference.high]
            compared = {"difference": difference.mean, "interval": interval, "questions": difference.questions}
            summary[f"{model}_minus_{baseline}"] = compared
    if steps := budget_of(found):
        summary["score_budget"] = [step.summary() for step in steps]
    write_atomically(directory / SCORES, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return f"{learned or 'There are no two models to compare.'} Report: {directory / REPORT}"


def _summary(scores: object) -> object:
    """Return the scores without those of single questions."""
    return {key: value for key, value in dict(scores).items() if key != "per_question"}  # type: ignore[call-overload]


def _sentence(found: Run, model: str, baseline: str) -> str:
    """State whether one model answers better than another, with the interval of the difference."""
    difference = found.difference(model, baseline)
    first, second = (_NAMES.get(name, name) for name in (model, baseline))
    if difference is None:
        return f"{_capital(first)} and {second} were not scored on the same questions."
    meaning = "answers better than" if difference.low > 0 else "does not answer significantly better than"
    if difference.high < 0:
        meaning = "answers worse than"
    sizes = {len(found.scores[name]["per_question"]) for name in (model, baseline)}
    shared = "" if sizes == {difference.questions} else f" on the {difference.questions} questions that both answered"
    return (
        f"{_capital(first)} {meaning} {second}{shared}: {difference.mean:+.3f} by question, "
        f"95% bootstrap interval [{difference.low:+.3f}, {difference.high:+.3f}]."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text in _NAMES.values() else text
