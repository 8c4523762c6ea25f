"""Render the report as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoptune.report.answers import answers_of, constrained_and_free
from shoptune.report.budget import budget_of
from shoptune.report.collect import Run
from shoptune.report.parity import gates_of
from shoptune.report.quantized import quantized_of


def render_page(run: Run, learned: str) -> str:
    """Return the HTML page of a run, which opens with the sentence `learned`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("shoptune.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    sweep, answers = run.sweep(), answers_of(run)
    return environment.get_template("report.html.jinja").render(
        title=run.directory.name,
        learned=learned,
        models=list(run.scores),
        overall=[(name, scores["overall"]) for name, scores in run.scores.items()],
        groups=[
            ("By task type", _rows(run, "by_task_type", "by_question")),
            ("By track", _rows(run, "by_track", "by_question")),
            ("By task", _rows(run, "by_task", "score")),
        ],
        curve=Markup(_svg(sweep / "curve.svg")) if sweep else "",  # noqa: S704 - our own drawing
        verdict=(sweep / "verdict.txt").read_text(encoding="utf-8").strip() if sweep else "",
        budget=budget_of(run),
        gates=gates_of(run),
        quantized=quantized_of(run),
        answers=answers,
        pairs=constrained_and_free(answers),
        artifacts=run.artifacts,
        seconds=sum(artifact.seconds for artifact in run.artifacts),
    )


def _rows(run: Run, group: str, key: str) -> list[tuple[str, int, list[float | None]]]:
    """Return a row per member of the group: its name, its number of questions, and each model's score or None."""
    entries: dict[str, Any] = {}
    for scores in run.scores.values():
        entries = scores[group] | entries
    return [
        (name, entry["questions"], [scores[group].get(name, {}).get(key) for scores in run.scores.values()])
        for name, entry in entries.items()
    ]


def _svg(file: Path) -> str:
    """Read an SVG without its XML declaration, to embed it in a page."""
    text = file.read_text(encoding="utf-8")
    return text[text.index("<svg") :]
