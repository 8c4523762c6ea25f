"""Texts as sequences of word numbers: what deduplication and decontamination compare, many texts at a time."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NO_WORD = re.compile(r"\W+")
_A_WORD = re.compile(r"\w+")
_IS_WORD = np.array([chr(byte).isalnum() or byte == ord("_") or byte >= 128 for byte in range(256)])  # noqa: PLR2004
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no bit is lost modulo 2**64
_INVERSE = np.uint64(pow(int(MULTIPLIER), -1, 1 << 64))
_AT_ONCE = 1 << 18  # bytes: what is worked on stays in the processor's cache


def _encode(text: str) -> bytes:
    """A text without case; punctuation beyond ASCII becomes spaces, so that every byte beyond ASCII is in a word."""
    text = text.casefold()
    return (text if text.isascii() else _NO_WORD.sub(" ", text)).encode()


@functools.lru_cache(4)
def _powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The first powers of the multiplier and of its inverse, modulo 2**64."""
    ones = np.ones(count, np.uint64)
    tables = []
    for base in (MULTIPLIER, _INVERSE):
        factors = ones * base
        factors[0] = 1
        tables.append(np.multiply.accumulate(factors))
    return tables[0], tables[1]


def _word_hashes(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hash of every word in UTF-8 bytes, and the place of its first byte.

    A word's hash is a polynomial of its bytes, taken as the difference of two prefix sums of `byte * multiplier**place`
    and shifted to place 0 with the inverse.
    """
    edges = np.diff(np.concatenate(([False], _IS_WORD[data], [False])).view(np.int8))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    powers, inverses = _powers(max(_AT_ONCE, 1 << len(data).bit_length()))
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * powers[: len(data)], out=sums[1:])
    hashes = (sums[ends] - sums[firsts]) * inverses[firsts]
    hashes ^= hashes >> np.uint64(29)
    return hashes * MULTIPLIER, firsts


@dataclass(frozen=True)
class Words:
    """The words of several texts, one text after the other.

    Attributes:
        numbers: uint64, one per word; two different words share a number with a probability of 2**-64.
        starts: int64, the place in `numbers` where each text begins, and where the last one ends.
    """

    numbers: NDArray[np.uint64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        """Split texts into words: runs of letters, digits and underscores, without case."""
        hashes, lengths = [], []
        for part in _parts(texts):
            found, firsts = _word_hashes(np.frombuffer(b" ".join(part), np.uint8))
            bounds = np.cumsum([0, *(len(text) + 1 for text in part)])
            hashes.append(found)
            lengths.append(np.diff(np.searchsorted(firsts, bounds)))
        if not hashes:
            return cls(np.empty(0, np.uint64), np.zeros(1, np.int64))
        return cls(np.concatenate(hashes), np.concatenate(([0], np.cumsum(np.concatenate(lengths)))))

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.starts) - 1

    def only(self, kept: NDArray[np.bool_]) -> Words:
        """The same texts with some of their words: `kept` has one entry per word."""
        before = np.concatenate(([0], np.cumsum(kept)))
        return Words(self.numbers[kept], before[self.starts])

    def text_of_word(self) -> NDArray[np.int64]:
        """For each word, the number of its text."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def ngrams(self, length: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The hash of every run of `length` words that is within one text, and the position of its first word."""
        windows = len(self.numbers) - length + 1
        if windows <= 0:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        hashes = self.numbers[:windows].copy()
        for step in range(1, length):
            hashes *= MULTIPLIER
            hashes += self.numbers[step : step + windows]
        text = self.text_of_word()
        places = np.flatnonzero(text[:windows] == text[length - 1 :])
        return hashes[places], places

    def digests(self) -> list[bytes]:
        """Sixteen bytes per text; equal for texts of the same words in the same order."""
        data = self.numbers.tobytes()
        bounds = (self.starts * 8).tolist()
        return [hashlib.blake2b(data[first:last], digest_size=16).digest() for first, last in pairwise(bounds)]


def parts_of_text(text: str, kept: Sequence[bool]) -> str:
    """A text with some of its words only, each with what follows it.

    Args:
        text: the text.
        kept: one entry per word of it, in the order of `Words.of([text])`.
    """
    starts = [match.start() for match in _A_WORD.finditer(text)]
    if len(starts) != len(kept):  # a letter that becomes several without case
        text = text.casefold()
        starts = [match.start() for match in _A_WORD.finditer(text)]
    spans = pairwise([*starts, len(text)])
    return "".join(text[start:end] for (start, end), keep in zip(spans, kept, strict=True) if keep)


def _parts(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """Encoded texts, a few at a time."""
    part: list[bytes] = []
    size = 0
    for text in texts:
        part.append(_encode(text))
        size += len(part[-1]) + 1
        if size >= _AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


class HashSet:
    """A set of 64-bit hashes, for looking up many together."""

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self._sorted = np.unique(hashes)
        # A table of the low bits rules out nearly everything before the search.
        self._mask = np.uint64((1 << max(16, len(self._sorted).bit_length() + 4)) - 1)
        self._table = np.zeros(int(self._mask) + 1, np.bool_)
        self._table[self._sorted & self._mask] = True

    def __len__(self) -> int:
        """How many different hashes it holds."""
        return len(self._sorted)

    def holds(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of the hashes are in the set."""
        found: NDArray[np.bool_] = self._table[hashes & self._mask]
        candidates = np.flatnonzero(found)
        if len(candidates):
            places = np.searchsorted(self._sorted, hashes[candidates])
            places[places == len(self._sorted)] = 0
            found[candidates] = self._sorted[places] == hashes[candidates]
        return found
