"""The points of a sweep: saved one by one, compared with each other at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.artifact import write_atomically
from shoptune.shopbench.summary import paired_difference


@dataclass(frozen=True)
class Point:
    """One ensemble, scored.

    Attributes:
        alpha: wise-ft's alpha.
        score: the mean over questions.
        interval: its 95% bootstrap interval.
        by_track: the mean over questions of each track.
        by_task_type: the mean over questions of each task type.
        per_question: every question's score, in order.
    """

    alpha: float
    score: float
    interval: tuple[float, float]
    by_track: dict[str, float]
    by_task_type: dict[str, float]
    per_question: tuple[float, ...]

    @classmethod
    def of(cls, alpha: float, summary: dict[str, Any]) -> Point:
        """A point from what `summarize` says of its predictions."""
        overall = summary["overall"]
        low, high = overall["by_question_interval"]
        return cls(
            alpha,
            overall["by_question"],
            (low, high),
            {name: entry["by_question"] for name, entry in summary["by_track"].items()},
            {name: entry["by_question"] for name, entry in summary["by_task_type"].items()},
            tuple(entry["score"] for entry in summary["per_question"]),
        )


def save_point(directory: Path, point: Point) -> None:
    """Keep a finished point, so that an interrupted sweep need not run it again."""
    write_atomically(_file(directory, point.alpha), json.dumps(asdict(point)) + "\n")


def load_point(directory: Path, alpha: float) -> Point | None:
    """A point that an earlier run finished, or None."""
    file = _file(directory, alpha)
    if not file.is_file():
        return None
    fields = json.loads(file.read_text(encoding="utf-8"))
    lists = {key: tuple(fields[key]) for key in ("interval", "per_question")}
    return Point(**{**fields, **lists})


def best_point(points: Sequence[Point]) -> Point:
    """The point with the highest score; among equals the one with the smallest alpha, nearest to the base."""
    return max(points, key=lambda point: (point.score, -abs(point.alpha)))


def verdict(points: Sequence[Point]) -> str:
    """One plain sentence: which alpha is best, and whether it is told apart from the base and from full fine-tuning."""
    best = best_point(points)
    text = f"alpha {best.alpha:g} is best with {best.score:.3f}"
    for other in points:
        if other.alpha in {0.0, 1.0} and other is not best:
            difference, low, high = paired_difference(best.per_question, other.per_question)
            told_apart = "is significantly better than" if low > 0 else "is not significantly better than"
            text += f"; it {told_apart} alpha {other.alpha:g} ({difference:+.3f} [{low:+.3f}, {high:+.3f}])"
    return text + "."


def _file(directory: Path, alpha: float) -> Path:
    return directory / f"alpha-{alpha:g}.json"
