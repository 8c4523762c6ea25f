"""Write scores.json and report.html over a run's artifacts."""

from __future__ import annotations

import json
from pathlib import Path

from shoptune.artifacts.publish import write_atomically
from shoptune.report.collect import SCORES, Run, collect
from shoptune.report.page import render_page

REPORT = "report.html"
_MODEL, _BASELINE = "merged", "base"


def run(directory: Path) -> str:
    """Write both files into a run's folder, and return the main result in one sentence.

    Raises:
        ShoptuneError: the folder holds no artifact.
    """
    found = collect(directory)
    learned = _learned(found)
    write_atomically(directory / REPORT, render_page(found, learned))
    summary: dict[str, object] = {name: _summary(scores) for name, scores in found.scores.items()}
    if learned:
        difference, low, high = found.difference(_MODEL, _BASELINE)
        summary[f"{_MODEL}_minus_{_BASELINE}"] = {"difference": difference, "interval": [low, high]}
    write_atomically(directory / SCORES, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return f"{learned or 'no merged and base model to compare.'} Report: {directory / REPORT}"


def _summary(scores: object) -> object:
    """The scores without those of each question."""
    return {key: value for key, value in dict(scores).items() if key != "per_question"}  # type: ignore[call-overload]


def _learned(found: Run) -> str:
    """A sentence on whether the merged model beats the base, with the interval; empty unless both were scored."""
    if not {_MODEL, _BASELINE} <= found.scores.keys():
        return ""
    difference, low, high = found.difference(_MODEL, _BASELINE)
    meaning = "answers better than" if low > 0 else "does not answer significantly better than"
    return (
        f"The merged model {meaning} the base: {difference:+.3f} by question, "
        f"95% bootstrap interval [{low:+.3f}, {high:+.3f}]."
    )
