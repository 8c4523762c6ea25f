"""How the benchmark scores one parsed answer, and how it sums up a task: the starter kit's metrics, to the digit.

Oddities of the benchmark are kept on purpose: an index of 0 in a ranking takes the last item's gain, BLEU reads the
first line only, and repeated entities count as false positives.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

Counts = tuple[int, int, int]


def accuracy(choice: int, reference: int) -> float:
    """1 when the chosen option is the right one."""
    return float(choice == reference)


def hit_rate_3(retrieved: Sequence[int], reference: Sequence[int]) -> float:
    """The share of the right items that are among the first three retrieved."""
    return len(set(reference) & set(retrieved[:3])) / len(reference)


def ndcg(ranking: Sequence[int], gains: Sequence[float]) -> float:
    """Normalized discounted cumulative gain of a ranking of item numbers (from 1), with gain `2**g - 1`.

    Args:
        ranking: item numbers, best first; numbers past the list gain nothing.
        gains: relevance of each item, in the order in which the question lists them.
    """
    ranked = [gains[number - 1] if number - 1 < len(gains) else 0 for number in ranking[: len(gains)]]
    ideal = _dcg(sorted(gains, reverse=True))
    return _dcg(ranked) / ideal if ideal else 0.0


def entity_counts(entities: Sequence[str], reference: Sequence[str]) -> Counts:
    """True positives, false positives and false negatives of extracted entities, whatever their case."""
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


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L F-measure over stemmed words, as the benchmark calls it (the prediction is passed as the target)."""
    return float(_rouge_scorer().score(text, reference)["rougeL"].fmeasure)


def bleu(text: str, reference: str, *, japanese: bool = False) -> float:
    """BLEU from 0 to 1 of the first line of a text, ignoring case; Japanese is split into words by MeCab."""
    import sacrebleu

    first_line = text.lstrip("\n").rstrip("\n").split("\n")[0]
    tokenize = "ja-mecab" if japanese else None
    score = sacrebleu.corpus_bleu([first_line], [[reference]], lowercase=True, tokenize=tokenize).score
    return float(score) / 100


def _dcg(gains: Sequence[float]) -> float:
    return sum((2**gain - 1) / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


@functools.cache
def _rouge_scorer() -> RougeScorer:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)
