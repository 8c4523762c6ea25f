"""The points of a sweep: saved one by one and compared at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.publish import write_atomically

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


def best_point(points: Sequence[Point], guarded: Sequence[str] = ()) -> Point:
    """The point with the highest score; among equals, the one with the smallest alpha, nearest to the base.

    Args:
        points: the points to choose from.
        guarded: each question's task type, to leave out points that are significantly worse than alpha 0, which must be
            among the points, on a task type; empty to choose among all points.
    """
    if guarded:
        base = _base_point(points)
        points = [point for point in points if not worse_task_types(point, base, guarded)]
    return max(points, key=lambda point: (point.overall.score, -abs(point.candidate.alpha)))


def worse_task_types(point: Point, base: Point, task_types: Sequence[str]) -> list[str]:
    """The task types on which a point is significantly worse than another, by a paired bootstrap over questions."""
    from shoptune.shopbench.summary import paired_difference  # loads numpy, which planning does not need

    worse = []
    for name in sorted(set(task_types)):
        places = [place for place, task_type in enumerate(task_types) if task_type == name]
        scores, of_base = ([each.per_question[place] for place in places] for each in (point, base))
        if paired_difference(scores, of_base)[2] < 0:
            worse.append(name)
    return worse


def verdict(points: Sequence[Point], best: Point, guarded: Sequence[str] = ()) -> str:
    """One sentence: which ensemble is best, and whether it is significantly better than alpha 0 and alpha 1.

    If a point that was left out scores higher, the sentence says so; `guarded` is as for `best_point`.
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
    return text + _left_out(best, points, guarded) + _edge(best, points) + "."


def _base_point(points: Sequence[Point]) -> Point:
    return next(point for point in points if point.candidate.alpha == 0)


def _left_out(best: Point, points: Sequence[Point], guarded: Sequence[str]) -> str:
    """A clause about the point with the highest score, if it was left out."""
    highest = best_point(points)
    if not guarded or highest is best:
        return ""
    base = _base_point(points)
    falls = [
        f"{name.replace('_', ' ')} ({base.by_task_type[name].score:.3f} to {highest.by_task_type[name].score:.3f})"
        for name in worse_task_types(highest, base, guarded)
    ]
    text = f"; {highest.candidate} has {highest.overall.score:.3f} but is significantly worse than alpha 0 on "
    text += ", ".join(falls)
    if best is base and all(worse_task_types(point, base, guarded) for point in points if point is not base):
        text += "; every other point is significantly worse than alpha 0 on a task type"
    return text


def _edge(best: Point, points: Sequence[Point]) -> str:
    """A hint if the best alpha is the largest that was tried."""
    alphas = sorted({point.candidate.alpha for point in points})
    if len(alphas) > 1 and best.candidate.alpha == alphas[-1]:
        return "; no larger alpha was tried, and a better one may lie beyond"
    return ""


def _file(directory: Path, candidate: Candidate) -> Path:
    name = "_".join(repr(number) for number in (candidate.alpha, *candidate.weights))
    return directory / f"point-{name}.json"
