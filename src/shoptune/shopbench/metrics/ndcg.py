"""Normalized discounted cumulative gain of rankings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric


def ndcg(ranking: Sequence[int], gains: Sequence[float]) -> float:
    """Normalized discounted cumulative gain of a ranking of item numbers (from 1), with gain `2**g - 1`.

    As in the starter kit, an index of 0 takes the last item's gain.

    Args:
        ranking: item numbers, best first; numbers past the list gain nothing.
        gains: relevance of each item, in the order in which the question lists them.
    """
    size = len(gains)
    ranked = [gains[number - 1] if -size <= number - 1 < size else 0 for number in ranking[:size]]
    ideal = _dcg(sorted(gains, reverse=True))
    return _dcg(ranked) / ideal if ideal else 0.0


def _dcg(gains: Sequence[float]) -> float:
    return sum((2**gain - 1) / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


SCORERS = {Metric.NDCG: Scorer(ndcg)}
