"""What a row must be to train on: short enough, not seen before, and no question of the benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shoptune.shopbench.questions import load_questions
from shoptune.shopbench.rows import Row

_NGRAM = 13  # paper 004, section 2.1: rows that share a 13-gram with a test question are dropped
_PHRASING_NGRAM = 4  # runs of words this long that a recipe's phrasing holds are wording, not content
_WORD = re.compile(r"\w+")
_TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True)
class Decontaminator:
    """Knows the questions that must not be trained on.

    Recipes ask in the development set's own words, so wording that a recipe uses tells nothing; only what is left of a
    question without it, its content, is compared.

    Attributes:
        wording: runs of words in the recipes' phrasings.
        contents: the content of every question, whole.
        ngrams: every run of 13 words in a question's content.
    """

    wording: frozenset[str]
    contents: frozenset[str]
    ngrams: frozenset[str]

    @classmethod
    def against(cls, files: Iterable[Path], phrasings: Iterable[str]) -> Decontaminator:
        """Learn the questions of development files.

        Args:
            files: questions in the development format.
            phrasings: the prompts of the recipes in use.

        Raises:
            ShoptuneError: a file cannot be read.
        """
        literals = [literal for prompt in phrasings for literal in _TEMPLATE_CODE.split(prompt)]
        wording = frozenset(ngram for literal in literals for ngram in _ngrams(_words(literal), _PHRASING_NGRAM))
        contents = [_content(question.input_field, wording) for file in files for question in load_questions(file)]
        ngrams = frozenset(ngram for words in contents for ngram in _ngrams(words, _NGRAM))
        return cls(wording, frozenset(" ".join(words) for words in contents if words), ngrams)

    def finds(self, text: str) -> bool:
        """Whether a text's content is that of one of the questions, or shares 13 words in a row with it."""
        if not self.contents:
            return False
        words = _content(text, self.wording)
        return " ".join(words) in self.contents or any(ngram in self.ngrams for ngram in _ngrams(words, _NGRAM))


@dataclass
class Deduplicator:
    """Remembers the rows that were let through."""

    seen: set[str] = field(default_factory=set)

    def is_new(self, row: Row) -> bool:
        """Whether no row with the same question came before; if so, this one counts as seen from now on."""
        words = " ".join(_words(row.question.input_field))
        if words in self.seen:
            return False
        self.seen.add(words)
        return True


def _content(text: str, wording: frozenset[str]) -> list[str]:
    """The words of a text that belong to no run of words of a phrasing."""
    words = _words(text)
    is_wording = [False] * len(words)
    for first, ngram in enumerate(_ngrams(words, _PHRASING_NGRAM)):
        if ngram in wording:
            is_wording[first : first + _PHRASING_NGRAM] = [True] * _PHRASING_NGRAM
    return [word for word, common in zip(words, is_wording, strict=True) if not common]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _ngrams(words: list[str], length: int) -> Iterator[str]:
    for first in range(len(words) - length + 1):
        yield " ".join(words[first : first + length])
