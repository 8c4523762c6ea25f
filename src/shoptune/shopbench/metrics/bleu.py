"""BLEU of generated texts, and of Japanese ones."""

from __future__ import annotations

import functools

from shoptune.shopbench.metrics._scorer import Scorer
from shoptune.shopbench.vocabulary import Metric


def bleu(text: str, reference: str, *, japanese: bool = False) -> float:
    """BLEU from 0 to 1 of the first line of a text, ignoring case; Japanese is split into words by MeCab."""
    import sacrebleu

    first_line = text.lstrip("\n").rstrip("\n").split("\n")[0]
    tokenize = "ja-mecab" if japanese else None
    score = sacrebleu.corpus_bleu([first_line], [[reference]], lowercase=True, tokenize=tokenize).score
    return float(score) / 100


SCORERS = {Metric.BLEU: Scorer(bleu), Metric.JP_BLEU: Scorer(functools.partial(bleu, japanese=True))}
