"""Micro F1 of extracted entities."""

from __future__ import annotations

from collections.abc import Sequence

from shoptune.shopbench.metrics._scorer import Counts, Scorer
from shoptune.shopbench.vocabulary import Metric


def entity_counts(entities: Sequence[str], reference: Sequence[str]) -> Counts:
    """True positives, false positives and false negatives of extracted entities, ignoring case.

    As in the starter kit, repeated entities count as false positives.
    """
    found = [entity.lower().strip() for entity in entities]
    right = [entity.lower() for entity in reference]
    hits = len(set(found) & set(right))
    return hits, len(found) - hits, len(right) - hits


def f1(counts: Sequence[Counts]) -> float:
    """Micro F1: precision and recall of counts summed over questions."""
    hits, false, missed = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    precision = hits / (hits + false) if hits + false else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _f1_of_one(entities: Sequence[str], reference: Sequence[str]) -> float:
    return f1([entity_counts(entities, reference)])


SCORERS = {Metric.MICRO_F1: Scorer(_f1_of_one, counts=entity_counts)}
