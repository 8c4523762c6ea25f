"""Near-duplicates: MinHash estimates the Jaccard similarity, and the index misses none with a high similarity."""

from __future__ import annotations

import random

import numpy as np

from shoptune.data.filters.duplicates import NearDuplicates, answer_numbers, bands, signatures
from shoptune.data.filters.words import Words


def _variants(changed: int, rng: random.Random) -> tuple[str, str]:
    words = [f"w{rng.randrange(10**6)}" for _ in range(60)]
    other = list(words)
    for place in rng.sample(range(60), changed):
        other[place] = "changed"
    return " ".join(words), " ".join(other)


def test_equal_entries_estimate_the_similarity() -> None:
    # 10 words of 12 from the front are shared: runs of three, 8 of 10 on each side, so 8 / 12 = 0.667.
    words = [f"w{number}" for number in range(12)]
    first, second = signatures(Words.of([" ".join(words), " ".join([*words[:10], "x", "y"])]))
    # 96 draws: standard deviation sqrt(0.667 * 0.333 / 96) = 0.048; five of them are 0.24
    assert abs(float(np.mean(first == second)) - 8 / 12) < 0.24


def test_short_texts_count_as_one_run() -> None:
    same, again, other, nothing = signatures(Words.of(["blue kettle", "Blue kettle!", "red kettle", ""]))
    assert (same == again).all()
    assert float(np.mean(same == other)) < 0.1
    assert float(np.mean(same == nothing)) < 0.1


def test_pairs_above_the_similarity_are_found_and_others_are_not() -> None:
    rng = random.Random(3)
    # 60 words, 58 runs of three. One changed word in the middle breaks three runs: 55 / 61 = 0.90. Two at the very
    # least break four: 54 / 62 = 0.87. Ten break some 26: 32 / 84 = 0.38.
    found = dict.fromkeys((0, 10), 0)
    for _ in range(100):
        for changed in found:
            pair = signatures(Words.of(_variants(changed, rng)))
            keys = bands(pair).tolist()
            index = NearDuplicates(0.8)
            assert index.is_new(pair[0], keys[0], 0)
            found[changed] += not index.is_new(pair[1], keys[1], 0)
    assert found == {0: 100, 10: 0}


def test_another_answer_makes_another_question() -> None:
    [signature] = both = signatures(Words.of(["a long review of a kettle that whistles"]))
    [keys] = bands(both).tolist()
    steel, loud, again = answer_numbers(["steel", "it is loud", "It is loud."])
    index = NearDuplicates(0.9)
    assert index.is_new(signature, keys, int(steel))
    assert index.is_new(signature, keys, int(loud))
    assert not index.is_new(signature, keys, int(again))


def test_signatures_do_not_depend_on_the_batch() -> None:
    texts = ["one two three four", "five", "", "six seven eight nine ten"]
    together = signatures(Words.of(texts))
    assert (together == np.concatenate([signatures(Words.of([text])) for text in texts])).all()


def test_no_texts_have_no_bands() -> None:
    """A batch whose records are all rejected."""
    assert bands(signatures(Words.of([]))).shape == (0, 12)
