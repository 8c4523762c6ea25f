"""Near-duplicate rows, found by MinHash with locality-sensitive hashing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from shoptune.data.filters.words import MULTIPLIER, Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERMUTATIONS = 96
_BANDS = 12  # of eight: a pair of similarity 0.9 is compared with a probability of 1 - (1 - 0.9**8)**12 = 0.999
_SHINGLE = 3  # words
_SEED = 1


def signatures(contents: Words) -> NDArray[np.uint32]:
    """MinHash signatures of each text's runs of three words; shape (texts, 96).

    The share of equal entries in two signatures estimates the Jaccard similarity of the two sets of runs. A text of
    fewer than three words counts as one run.
    """
    from rensa import RMinHash

    hashes, places = contents.ngrams(_SHINGLE)
    starts = np.searchsorted(places, contents.starts)
    short = np.flatnonzero(np.diff(starts) == 0)
    whole = np.array([int.from_bytes(digest[:8], "little") for digest in contents.digests()], np.uint64)[short]
    hashes = np.insert(hashes, starts[short], whole)
    starts = starts + np.concatenate(([0], np.cumsum(np.isin(np.arange(len(contents)), short))))
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts.astype(np.uint64), PERMUTATIONS, _SEED)
    flat = np.fromiter(chain.from_iterable(matrix.to_rows()), np.uint32, len(contents) * PERMUTATIONS)
    return flat.reshape(len(contents), PERMUTATIONS)


def bands(signatures: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """A number for each band of each signature; shape (texts, 12). Texts that share one may be near-duplicates."""
    parts = signatures.reshape(len(signatures), _BANDS, PERMUTATIONS // _BANDS)
    keys = np.zeros(parts.shape[:2], np.uint64) + np.arange(_BANDS, dtype=np.uint64)
    for place in range(parts.shape[2]):
        keys = keys * MULTIPLIER + parts[:, :, place]
    return keys


@dataclass
class NearDuplicates:
    """Remembers the admitted rows of one task, and finds rows that are nearly equal to one of them.

    Two rows are near-duplicates when their contents are as similar as `similarity`, and their answers, where these are
    texts, are the same: one review asked about for two aspects makes two rows.

    Attributes:
        similarity: Jaccard similarity of runs of three words, from which on rows are near-duplicates.
    """

    similarity: float
    _newest_row_of: dict[int, int] = field(default_factory=dict)  # by band; of a million rows, some gigabyte
    _kept: list[tuple[NDArray[np.uint32], int]] = field(default_factory=list)

    def is_new(self, signature: NDArray[np.uint32], keys: Sequence[int], answer: int) -> bool:
        """Whether no near-duplicate came before; if so, this row counts as seen from now on.

        Args:
            signature: one row of `signatures`.
            keys: the same row of `bands`.
            answer: a number that is the same for the same answers.
        """
        index = self._newest_row_of
        for row in set(map(index.get, keys)):
            if row is None:
                continue
            other, other_answer = self._kept[row]
            if answer == other_answer and np.count_nonzero(signature == other) >= self.similarity * PERMUTATIONS:
                return False
        index.update(dict.fromkeys(keys, len(self._kept)))
        self._kept.append((signature, answer))
        return True


def answer_numbers(answers: Iterable[str]) -> NDArray[np.uint64]:
    """A number for each answer, the same for answers of the same words."""
    return np.array([int.from_bytes(digest[:8], "little") for digest in Words.of(answers).digests()], np.uint64)
