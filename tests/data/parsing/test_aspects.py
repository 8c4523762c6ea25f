"""Keyphrases of real reviews: verbatim, about the right aspect, and not about what was only hoped for."""
# ruff: noqa: E501 - tables

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.data.parsing.aspect_lexicon import lexicon
from shoptune.data.parsing.aspects import find_keyphrases
from shoptune.shopbench.questions import load_questions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great quality and cut. Perfect length!", [("quality", "Great quality", True), ("length", "Perfect length", True)]),
        ("The colors are really bright", [("color", "colors are really bright", True)]),
        ("It isn't true to size.", [("size", "isn't true to size", False)]),
        ("They are not very comfortable", [("comfort", "not very comfortable", False)]),
        ("I was hoping it would be softer, but no.", []),
        ("If it were easy to use I would keep it", []),
        ("The sound is pretty clear.", [("sound quality", "sound is pretty clear", True)]),
        ("Situated in the beautiful wine region", []),
        ("Very light weight, doesn't leak and super convenient!", [
            ("weight", "Very light weight", True), ("leaking", "doesn't leak", True), ("ease of use", "super convenient", True),
        ]),
        ("way too small and paper thin", [("size", "way too small", False), ("thickness", "paper thin", False)]),
    ],
)  # fmt: skip
def test_keyphrases(text: str, expected: list[tuple[str, str, bool]]) -> None:
    found = {(each.aspect, each.phrase, each.praises) for each in find_keyphrases(text)}
    assert set(expected) <= found if expected else not found


@given(st.text(max_size=200))
def test_keyphrases_are_verbatim(text: str) -> None:
    assert all(each.phrase in text and each.aspect in lexicon().group for each in find_keyphrases(text))


@pytest.mark.parametrize(
    "text",
    [
        "an excellent sounding headset that doesn't fit comfortably",
        "I wanted something normal but not too big or expensive",
        "A premium keyboard at a non-premium price",
        "Cute and made well but the functional design could be improved.",
        "it is kind of slick, or maybe slippery is a better way to describe it",
    ],
)
def test_a_phrase_that_is_cut_from_its_meaning_is_left_out(text: str) -> None:
    assert not {"fit", "price", "grip", "functionality"} & {each.aspect for each in find_keyphrases(text)}


def test_a_word_may_hint_at_an_aspect_without_being_a_keyphrase() -> None:
    assert "winter" in lexicon().hints["warmth"]
    assert "design" in lexicon().hints["style"]
    assert "big" in lexicon().hints["fit"]
    assert not [each for each in find_keyphrases("The winter design.") if each.aspect in {"warmth", "style"}]


def _reviews(reviews2023: Path) -> Iterator[str]:
    for name in ("Amazon_Fashion_1008", "Patio_Lawn_and_Garden_100", "reviews_24categories_partial"):
        for line in (reviews2023 / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            review = json.loads(line)
            yield f"{review['title']}\n{review['text']}"


def test_a_hundred_aspects_are_found_in_real_reviews(reviews2023: Path) -> None:
    found = {each.aspect for text in _reviews(reviews2023) for each in find_keyphrases(text)}
    assert len(found) >= 100


def test_keyphrases_of_the_development_questions(development: Path) -> None:
    hits = 0
    for question in load_questions(development):
        if question.task_name == "task6":
            review, _, rest = question.input_field.partition("Review: ")[2].partition("\nAspect: ")
            aspect = rest.split("\n")[0]
            own = {each.phrase.lower() for each in find_keyphrases(review) if each.aspect == aspect}
            hits += str(question.output_field).lower() in own
    # Three of eight are words that also name other aspects ("cute for the price" as color).
    assert hits >= 4
