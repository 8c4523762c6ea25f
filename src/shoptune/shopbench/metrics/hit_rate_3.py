"""Hit rate among the first three retrieved items."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric


def hit_rate_3(retrieved: Sequence[int], reference: Sequence[int]) -> float:
    """The share of the right items that are among the first three retrieved."""
    return len(set(reference) & set(retrieved[:3])) / len(reference)


SCORERS = {Metric.HIT_RATE_3: Scorer(hit_rate_3)}
