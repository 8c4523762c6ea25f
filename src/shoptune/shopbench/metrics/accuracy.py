"""Accuracy of multiple choice."""

from __future__ import annotations

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric


def accuracy(choice: int, reference: int) -> float:
    """1 when the chosen option is the right one."""
    return float(choice == reference)


SCORERS = {Metric.ACCURACY: Scorer(accuracy)}
