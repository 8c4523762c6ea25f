"""How long a batch may take, so that neither its own limit nor the whole evaluation's is missed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# Of the limits: what the clock of the evaluator sees besides our own work.
_OF_BATCH, _OF_TOTAL = 0.9, 0.95
# A slow batch may take twice its share of what is left. The shares of later batches shrink, and never reach 0.
_SHARES = 2.0


@dataclass(frozen=True)
class Limits:
    """What an evaluation allows.

    Attributes:
        seconds_per_question: a batch of n questions may take n times this.
        seconds: the whole evaluation.
        questions: how many are asked in it.
    """

    seconds_per_question: float
    seconds: float
    questions: int


class Pace:
    """Divides the time that is left among the questions that are left. The clock starts with the object.

    Args:
        limits: what the evaluation allows.
        clock: tells the time in seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock, self._start, self._asked = limits, clock, clock(), 0

    def deadline(self, count: int) -> float:
        """When the answers to the next questions must be finished, as `clock` tells it.

        Args:
            count: how many questions the batch has.
        """
        now, limits = self._clock(), self._limits
        allowed = limits.seconds_per_question * count * _OF_BATCH
        left, waiting = limits.seconds * _OF_TOTAL - (now - self._start), limits.questions - self._asked
        self._asked += count
        if waiting > 0:  # more questions than announced have the limit of their batch only
            allowed = min(allowed, max(0.0, left) * min(1.0, _SHARES * count / waiting))
        return now + allowed
