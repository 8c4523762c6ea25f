"""Texts that differ in ROUGE-L, as in Self-Instruct (Wang et al. 2023, arXiv 2212.10560)."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from shoptune.shopbench.metrics.rouge_l import rouge_l_scorer
from shoptune.teach.check import Answer, Record
from shoptune.teach.checks._phrasings import SeedCheck, wording

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

_WORD_OR_SIGN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


class NotIdentical(SeedCheck):
    """Reject a phrasing nearly identical to a seed phrasing or to an accepted one.

    Two phrasings are compared without their tags: by ROUGE-L, the F-measure of their longest common subsequence of
    words (in Japanese and Chinese, of characters), and by whether they consist of the same words.

    Attributes:
        similarity: the ROUGE-L from which two phrasings are nearly identical; the paper's threshold is 0.7.
    """

    name: Literal["not_identical"] = "not_identical"
    similarity: Annotated[float, Field(gt=0, le=1)] = 0.7

    def reason(self, answer: Answer, record: Record) -> str | None:
        """Compare a phrasing with the seed phrasings only."""
        return self.reasons([answer], record)[0]

    def reasons(self, answers: Sequence[Answer], record: Record) -> list[str | None]:
        """Compare each phrasing with the seed phrasings and with those accepted before it."""
        kept = [wording(seed) for seed in record[self.seeds]]
        found: list[str | None] = []
        for text in (wording(answer[self.field]) for answer in answers):
            alike = any(self._alike(text, other) for other in kept)
            found.append(f"{self.field} is nearly identical to another" if alike else None)
            if not alike:
                kept.append(text)
        return found

    def _alike(self, text: str, other: str) -> bool:
        if sorted(_words(text)) == sorted(_words(other)):
            return True
        return float(_scorer().score(other, text)["rougeL"].fmeasure) >= self.similarity


def _words(text: str) -> list[str]:
    return [word for word in _WORD_OR_SIGN.findall(text.casefold()) if word != "_"]


class _Tokenizer:
    """Words of any script; the library's own tokenizer knows those in ASCII only."""

    def tokenize(self, text: str) -> list[str]:
        """Split a text into words."""
        return _words(text)


@functools.cache
def _scorer() -> RougeScorer:
    return rouge_l_scorer(tokenizer=_Tokenizer())
