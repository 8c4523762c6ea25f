"""Deadlines for batches that respect both the limit per batch and the limit of the whole evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# Shares of the limits that are used; the evaluator's clock also counts its own work.
_OF_BATCH, _OF_TOTAL = 0.9, 0.95
# A slow batch may take twice its share of the time left. Later shares shrink, but never to 0.
_SHARES = 2.0


@dataclass(frozen=True)
class Limits:
    """The time limits of an evaluation.

    Attributes:
        seconds_per_question: the limit per question; a batch of n questions may take n times as long.
        seconds: the limit of the whole evaluation.
        questions: the number of questions in it.
    """

    seconds_per_question: float
    seconds: float
    questions: int


class Pace:
    """Divides the remaining time among the remaining questions. The clock starts when the object is created.

    Args:
        limits: the limits of the evaluation.
        clock: returns the time in seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock, self._start, self._asked = limits, clock, clock(), 0

    def deadline(self, count: int) -> float:
        """Return the time of `clock` at which the next batch must be finished.

        Args:
            count: the number of questions in the batch.
        """
        now, limits = self._clock(), self._limits
        allowed = limits.seconds_per_question * count * _OF_BATCH
        left, waiting = limits.seconds * _OF_TOTAL - (now - self._start), limits.questions - self._asked
        self._asked += count
        if waiting > 0:  # questions beyond the expected number have only the limit per batch
            allowed = min(allowed, max(0.0, left) * min(1.0, _SHARES * count / waiting))
        return now + allowed
