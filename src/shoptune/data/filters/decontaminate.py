"""Keep the benchmark's questions out of the rows that are trained on (paper 004, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoptune.data.filters.benchmark_items import BenchmarkItems, benchmark_texts
from shoptune.data.filters.words import HashSet, Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NGRAM = 13  # paper 004, section 2.1: rows that share a 13-gram with a test question are dropped
_PHRASING_NGRAM = 4  # runs of words this long that a recipe's phrasing holds are wording, not content
_TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True)
class Wording:
    """The recipes' own words; what is left of a question without them is its content.

    Recipes are phrased like the development set, so sharing a recipe's phrases with it does not count as contamination.

    Attributes:
        runs: runs of four words in the phrasings.
        phrasings: the phrasings without template code.
    """

    runs: HashSet
    phrasings: tuple[str, ...]

    @classmethod
    def of(cls, phrasings: Iterable[str]) -> Wording:
        """Learn the words between the template code of prompts."""
        literals = [literal for prompt in phrasings for literal in _TEMPLATE_CODE.split(prompt)]
        return cls(HashSet(Words.of(literals).ngrams(_PHRASING_NGRAM)[0]), tuple(dict.fromkeys(literals)))

    def content(self, words: Words) -> Words:
        """The words that belong to no run of a phrasing."""
        return words.only(self.is_content(words))

    def is_content(self, words: Words) -> NDArray[np.bool_]:
        """For each word, whether it belongs to no run of a phrasing."""
        hashes, places = words.ngrams(_PHRASING_NGRAM)
        starts = places[self.runs.holds(hashes)]
        kept = np.ones(len(words.numbers), np.bool_)
        for step in range(_PHRASING_NGRAM):
            kept[starts + step] = False
        return kept


@dataclass(frozen=True)
class Decontaminator:
    """Knows the contents of questions that must not be trained on.

    Attributes:
        contents: the digest of every question's content, whole.
        ngrams: every run of 13 words in one.
        items: what the questions ask about.
    """

    contents: frozenset[bytes]
    ngrams: HashSet
    items: BenchmarkItems

    @classmethod
    def against(cls, files: Iterable[Path], wording: Wording) -> Decontaminator:
        """Learn the questions of development files.

        Args:
            files: questions in the development format, or folders of Shopping MMLU.
            wording: what belongs to the phrasing and not to the content.

        Raises:
            ShoptuneError: a file cannot be read.
        """
        texts = [each for file in files for each in benchmark_texts(file)]
        asked = [asked for asked, _ in texts]
        contents = wording.content(Words.of(asked))
        whole = [digest for digest, length in zip(contents.digests(), np.diff(contents.starts), strict=True) if length]
        return cls(frozenset(whole), HashSet(contents.ngrams(_NGRAM)[0]), BenchmarkItems.of(texts, wording.phrasings))

    def finds(self, contents: Words) -> NDArray[np.bool_]:
        """For each text's content: whether it is that of a question, or shares 13 words in a row with one."""
        if not self.contents:
            return np.zeros(len(contents), np.bool_)
        hashes, places = contents.ngrams(_NGRAM)
        shared = np.zeros(len(contents), np.bool_)
        shared[contents.text_of_word()[places[self.ngrams.holds(hashes)]]] = True
        equal = np.array([digest in self.contents for digest in contents.digests()], np.bool_)
        return shared | equal

    def finds_items(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """For each question: whether it asks about an item of one that must not be trained on."""
        return np.array([bool(self.contents) and self.items.found_in(text) for text in texts], np.bool_)
