"""Points of a sweep with given scores."""

from __future__ import annotations

from shoptune.sweep.points import Candidate, Estimate, Point


def made_point(alpha: float, *scores: float, weights: tuple[float, ...] = (0.5, 0.5)) -> Point:
    """A point with these scores of questions, all of them rankings."""
    mean = sum(scores) / len(scores)
    estimate = Estimate(mean, mean - 0.1, mean + 0.1)
    return Point(Candidate(alpha, weights), estimate, {"track": estimate}, {"ranking": estimate}, scores)
