"""Metrics, one per file; results equal the starter kit's to the digit. See `docs/extending.md`."""

from __future__ import annotations

from collections.abc import Mapping

from shoptune.runtime.plugins import load_plugins
from shoptune.shopbench.metrics._scorer import Counts, Scorer
from shoptune.shopbench.task_types import DEFINITIONS
from shoptune.shopbench.vocabulary import Metric, TaskType

__all__ = ["METRICS_OF", "SCORERS", "Counts", "Scorer"]

SCORERS: Mapping[Metric, Scorer] = {
    metric: scorer for module in load_plugins(__name__).values() for metric, scorer in module.SCORERS.items()
}
# Metrics that fit an answer of each task type.
METRICS_OF: Mapping[TaskType, frozenset[Metric]] = {
    task_type: definition.metrics | {metric for metric, scorer in SCORERS.items() if task_type in scorer.task_types}
    for task_type, definition in DEFINITIONS.items()
}
