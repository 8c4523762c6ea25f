"""The definition of a metric: each file of this package has `SCORERS`, by metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shoptune.shopbench.vocabulary import TaskType

Counts = tuple[int, int, int]


@dataclass(frozen=True)
class Scorer:
    """How a metric scores parsed answers.

    Attributes:
        score: from a parsed answer and its reference to a number from 0 to 1.
        counts: for metrics that sum up over a task as micro F1: true positives, false positives, false negatives.
        prepare: called once with all pairs that will be scored, for metrics that are cheaper in batches.
        task_types: task types that the metric applies to, in addition to those that list it in their own file.
    """

    score: Callable[[Any, Any], float]
    counts: Callable[[Any, Any], Counts] | None = None
    prepare: Callable[[Sequence[tuple[Any, Any]]], None] | None = None
    task_types: frozenset[TaskType] = frozenset()
