"""The points of a sweep: saved one by one and compared at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.artifacts.publish import write_atomically

if TYPE_CHECKING:
    from shoptune.sweep.guard import Guard

POINTS, CURVE, BEST, VERDICT = "points.parquet", "curve.svg", "best.yaml", "verdict.txt"


@dataclass(frozen=True)
class Candidate:
    """An ensemble: wise-ft's alpha, and the adapters' weights in the order of the merge YAML."""

    alpha: float
    weights: tuple[float, ...]

    def __str__(self) -> str:
        """The candidate as printed."""
        return f"alpha {self.alpha:g}"


@dataclass(frozen=True)
class Estimate:
    """A mean over questions and its 95% bootstrap interval."""

    score: float
    low: float
    high: float

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Estimate:
        """From one group of a summary."""
        return cls(entry["by_question"], *entry["by_question_interval"])


@dataclass(frozen=True)
class Point:
    """A candidate, scored.

    Attributes:
        candidate: which ensemble.
        overall: over all questions.
        by_track: over the questions of each track.
        by_task_type: over the questions of each task type.
        per_question: every question's score, in order.
    """

    candidate: Candidate
    overall: Estimate
    by_track: dict[str, Estimate]
    by_task_type: dict[str, Estimate]
    per_question: tuple[float, ...]

    @classmethod
    def of(cls, candidate: Candidate, summary: Mapping[str, Any]) -> Point:
        """A point from the summary of its predictions."""
        return cls(
            candidate,
            Estimate.of(summary["overall"]),
            {name: Estimate.of(entry) for name, entry in summary["by_track"].items()},
            {name: Estimate.of(entry) for name, entry in summary["by_task_type"].items()},
            tuple(entry["score"] for entry in summary["per_question"]),
        )


def save_point(directory: Path, point: Point) -> None:
    """Save a finished point, so that a resumed sweep does not run it again."""
    write_atomically(_file(directory, point.candidate), json.dumps(asdict(point)) + "\n")


def load_point(directory: Path, candidate: Candidate) -> Point | None:
    """A point saved by an earlier run, or None."""
    file = _file(directory, candidate)
    if not file.is_file():
        return None
    fields = json.loads(file.read_text(encoding="utf-8"))
    return Point(
        candidate,
        Estimate(**fields["overall"]),
        {name: Estimate(**entry) for name, entry in fields["by_track"].items()},
        {name: Estimate(**entry) for name, entry in fields["by_task_type"].items()},
        tuple(fields["per_question"]),
    )


def best_point(points: Sequence[Point], guard: Guard | None = None) -> Point:
    """The point with the highest score; among equals, the one with the smallest alpha, nearest to the base.

    Args:
        points: the points to choose from.
        guard: which of them to leave out.
    """
    admitted = guard.admit(points) if guard else points
    return max(admitted, key=lambda point: (point.overall.score, -abs(point.candidate.alpha)))


def base_point(points: Sequence[Point]) -> Point:
    """The point of alpha 0, which must be among the points."""
    return next(point for point in points if point.candidate.alpha == 0)


def verdict(points: Sequence[Point], best: Point, guard: Guard | None = None) -> str:
    """One sentence: which ensemble is best, and whether it is significantly better than alpha 0 and alpha 1.

    If a point that the guard left out scores higher, the sentence says so.
    """
    from shoptune.shopbench.summary import paired_difference  # loads numpy, which planning does not need

    text = f"{best.candidate} is best with {best.overall.score:.3f}"
    if len({point.candidate.weights for point in points}) > 1:
        text += f" at weights {', '.join(f'{weight:.3g}' for weight in best.candidate.weights)}"
    for other in points:
        if other.candidate.alpha in {0.0, 1.0} and other is not best:
            difference, low, high = paired_difference(best.per_question, other.per_question)
            told_apart = "is significantly better than" if low > 0 else "is not significantly better than"
            text += f"; it {told_apart} {other.candidate} ({difference:+.3f} [{low:+.3f}, {high:+.3f}])"
    text += guard.clause(best, best_point(points), points) if guard else ""
    return text + _edge(best, points) + "."


def _edge(best: Point, points: Sequence[Point]) -> str:
    """A hint if the best alpha is the largest that was tried."""
    alphas = sorted({point.candidate.alpha for point in points})
    if len(alphas) > 1 and best.candidate.alpha == alphas[-1]:
        return "; no larger alpha was tried, and a better one may lie beyond"
    return ""


def _file(directory: Path, candidate: Candidate) -> Path:
    name = "_".join(repr(number) for number in (candidate.alpha, *candidate.weights))
    return directory / f"point-{name}.json"
