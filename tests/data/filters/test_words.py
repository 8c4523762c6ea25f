"""Texts are converted to word numbers."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.data.filters.words import HashSet, Words

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=8)


def _split(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


@settings(max_examples=300, deadline=None)
@given(texts)
def test_words_are_numbered_as_a_regular_expression_splits_them(given_texts: list[str]) -> None:
    words = Words.of(given_texts)
    lists = [_split(text) for text in given_texts]
    assert np.diff(words.starts).tolist() == [len(found) for found in lists]
    flat = [word for found in lists for word in found]
    # The same number for the same word, and different numbers for different words.
    assert (
        len(set(zip(flat, words.numbers.tolist(), strict=True))) == len(set(flat)) == len(set(words.numbers.tolist()))
    )


def test_case_and_punctuation_do_not_count() -> None:
    first, second, other = Words.of(["Straße: “kettle”—x", "STRASSE, (kettle) X.", "strasse kettlex"]).digests()
    assert first == second != other


def test_a_number_does_not_depend_on_what_stands_before() -> None:
    long = Words.of(["x " * 200_000 + "kettle", "kettle"])
    assert long.numbers[-1] == long.numbers[-2] == Words.of(["kettle"]).numbers[0]


def test_ngrams_stay_within_a_text() -> None:
    words = Words.of(["a b c", "a", "", "b c a b c"])
    hashes, places = words.ngrams(3)
    assert places.tolist() == [0, 4, 5, 6]  # 'a b c'; 'b c a', 'c a b', 'a b c'
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3


def test_only_some_words() -> None:
    words = Words.of(["a b", "", "c d"]).only(np.array([True, False, False, True]))
    assert words.starts.tolist() == [0, 1, 1, 2]
    assert words.digests() == Words.of(["a", "", "d"]).digests()


@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)))
def test_a_hash_set_is_a_set(members: list[int], asked: list[int]) -> None:
    asked += members[:3]
    found = HashSet(np.array(members, np.uint64)).holds(np.array(asked, np.uint64))
    assert found.tolist() == [number in set(members) for number in asked]
