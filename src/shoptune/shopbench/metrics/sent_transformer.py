"""Cosine similarity of sentence embeddings, by an English and by a multilingual model."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric


def _cosine(metric: Metric, text: str, reference: str | Sequence[str]) -> float:
    from shoptune.shopbench.embeddings import embedder

    return embedder(metric).cosine(text, reference)


def _embed_all(metric: Metric, pairs: Sequence[tuple[str, str | Sequence[str]]]) -> None:
    """Embed every text that will be asked for, in a few large batches instead of one by one."""
    from shoptune.shopbench.embeddings import embedder

    texts: list[str] = []
    for text, reference in pairs:
        texts += [text, *([reference] if isinstance(reference, str) else reference)]
    embedder(metric).learn(texts)


SCORERS = {
    metric: Scorer(functools.partial(_cosine, metric), prepare=functools.partial(_embed_all, metric))
    for metric in (Metric.SENT_TRANSFORMER, Metric.MULTILINGUAL_SENT_TRANSFORMER)
}
