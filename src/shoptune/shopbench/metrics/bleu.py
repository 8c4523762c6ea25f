"""BLEU of generated texts, and of Japanese ones."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU


def bleu(text: str, reference: str, *, japanese: bool = False) -> float:
    """BLEU from 0 to 1 of the first line of a text, ignoring case; Japanese is split into words by MeCab."""
    first_line = text.lstrip("\n").rstrip("\n").split("\n")[0]
    return float(_metric("ja-mecab" if japanese else None).corpus_score([first_line], [[reference]]).score) / 100


@functools.cache
def _metric(tokenize: str | None) -> BLEU:
    """The metric; making one for every text would load MeCab's dictionary every time."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=True, tokenize=tokenize)


SCORERS = {Metric.BLEU: Scorer(bleu), Metric.JP_BLEU: Scorer(functools.partial(bleu, japanese=True))}
