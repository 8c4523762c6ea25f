"""ROUGE-L of generated texts."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from shoptune.runtime.lean_import import without
from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

_UNUSED = ("scipy", "sklearn")  # imported by nltk, of which rouge_score uses the stemmer only: 0.9 s


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L F-measure over stemmed words, as the benchmark calls it (the prediction is passed as the target)."""
    return float(_rouge_scorer().score(text, reference)["rougeL"].fmeasure)


def rouge_l_scorer(**options: Any) -> RougeScorer:
    """A scorer of ROUGE-L alone; the options are those of `RougeScorer`."""
    with without(*_UNUSED):
        from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], **options)


@functools.cache
def _rouge_scorer() -> RougeScorer:
    return rouge_l_scorer(use_stemmer=True)


SCORERS = {Metric.ROUGE_L: Scorer(rouge_l)}
