"""The scored points of a quantization grid: saved one by one, compared and drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.publish import write_atomically

TABLE, PLOT, VERDICT, BEST = "table.md", "grid.svg", "verdict.txt", "best.yaml"
_COLOR, _BASELINE = "#1f3b73", "#b5442e"
_STYLE = {"svg.hashsalt": "shoptune", "svg.fonttype": "none", "font.size": 8}
_ROW_INCHES, _WIDTH_INCHES = 0.32, 7.0


@dataclass(frozen=True)
class Scored:
    """One quantized model, or the model before quantization.

    Attributes:
        name: what the point changes.
        score: by question.
        low: lower end of the score's 95% bootstrap interval.
        high: its upper end.
        by_task_type: scores.
        per_question: every question's score, in order.
    """

    name: str
    score: float
    low: float
    high: float
    by_task_type: Mapping[str, float]
    per_question: tuple[float, ...]

    @classmethod
    def of(cls, name: str, summary: Mapping[str, Any]) -> Scored:
        """From the summary of its predictions."""
        low, high = summary["overall"]["by_question_interval"]
        return cls(
            name,
            summary["overall"]["by_question"],
            low,
            high,
            {kind: entry["by_question"] for kind, entry in summary["by_task_type"].items()},
            tuple(entry["score"] for entry in summary["per_question"]),
        )

    def save(self, file: Path) -> None:
        """Save a finished point, so that a resumed grid does not run it again."""
        write_atomically(file, json.dumps(asdict(self)) + "\n")

    @classmethod
    def load(cls, file: Path) -> Scored | None:
        """A point that an earlier run saved, or None."""
        if not file.is_file():
            return None
        fields = json.loads(file.read_text(encoding="utf-8"))
        return cls(**fields | {"per_question": tuple(fields["per_question"])})

    def against(self, other: Scored) -> tuple[float, float, float]:
        """The difference from another model by question, with its paired 95% bootstrap interval."""
        from shoptune.shopbench.summary import paired_difference

        return paired_difference(self.per_question, other.per_question)


def table(points: Sequence[Scored], baseline: Scored | None) -> str:
    """A Markdown table of all points, the best one first."""
    kinds = list(points[0].by_task_type)
    lines = [
        " | ".join(["", "point", "score", "95% interval", "against 16 bits", *kinds, ""]).strip(),
        "|".join(["", "---", *["---:"] * (3 + len(kinds)), ""]),
    ]
    for point in [*([baseline] if baseline else []), *sorted(points, key=lambda point: -point.score)]:
        difference = "" if baseline is None or point is baseline else signed(*point.against(baseline))
        scores = [f"{point.by_task_type[kind]:.3f}" for kind in kinds]
        interval = f"{point.low:.3f} to {point.high:.3f}"
        lines.append(" | ".join(["", point.name, f"{point.score:.4f}", interval, difference, *scores, ""]).strip())
    return "\n".join(lines) + "\n"


def sentence(points: Sequence[Scored], baseline: Scored | None) -> str:
    """Which point is best, and what it loses."""
    best, worst = max(points, key=lambda point: point.score), min(points, key=lambda point: point.score)
    said = f"{best.name} is best with {best.score:.4f} on {len(best.per_question)} questions"
    if len(points) > 1:
        said += f", {signed(*best.against(worst))} against the worst point ({worst.name})"
    if baseline:
        said += f"; against the model in 16 bits or more: {signed(*best.against(baseline))}"
    return said + "."


def signed(mean: float, low: float, high: float) -> str:
    """A difference with its interval."""
    return f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def draw(points: Sequence[Scored], baseline: Scored | None, file: Path) -> None:
    """Write an SVG of all points with their intervals, and a line at the score before quantization."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(_STYLE):
        size = (_WIDTH_INCHES, _ROW_INCHES * (len(points) + 3))
        figure, axes = plt.subplots(figsize=size, layout="constrained")
        places = range(len(points))
        errors = [
            [point.score - point.low for point in points],
            [point.high - point.score for point in points],
        ]
        axes.errorbar([point.score for point in points], places, xerr=errors, fmt="o", color=_COLOR, markersize=4)
        if baseline:
            axes.axvline(baseline.score, color=_BASELINE, linestyle=":", linewidth=1, label=baseline.name)
            figure.legend(frameon=False, loc="outside upper right")
        axes.set_yticks(list(places), [point.name for point in points])
        axes.invert_yaxis()
        figure.supxlabel("score by question, with 95% bootstrap intervals")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
