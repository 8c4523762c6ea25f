"""Every kind of question: the rendered answer can be parsed, for any record."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.data.render.kinds import arrange
from shoptune.data.render.record_schema import RecordError
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.vocabulary import TaskType

CHOICE, RETRIEVAL, RANKING = TaskType.MULTIPLE_CHOICE, TaskType.RETRIEVAL, TaskType.RANKING
ENTITIES, GENERATION = TaskType.NAMED_ENTITY_RECOGNITION, TaskType.GENERATION

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


def _lines(options: object) -> list[str]:
    return [line.partition(". ")[2] for line in str(options).split("\n")]


def test_a_choice_lists_the_answer_among_the_nearest_distractors() -> None:
    record = {"answer": "sock", "distractors": ["kettle", "SOCK", "dog bed", "kettle ", "yoga mat", "never used"]}
    arranged = arrange(CHOICE, record, None, random.Random(1))
    listed = _lines(arranged.variables["options"])
    assert sorted(listed) == ["dog bed", "kettle", "sock", "yoga mat"]
    assert isinstance(arranged.reference, int)
    assert listed[arranged.reference] == "sock"


def test_the_right_option_is_placed_uniformly() -> None:
    record = {"answer": "a", "distractors": ["b", "c", "d"]}
    places = [arrange(CHOICE, record, None, random.Random(seed)).reference for seed in range(400)]
    # 400 draws of 4: each place 100 times, standard deviation sqrt(400 * 3/16) = 8.7; five of them are 43
    assert all(abs(places.count(place) - 100) < 43 for place in range(4))


def test_a_sources_own_options_keep_their_order() -> None:
    arranged = arrange(CHOICE, {"options": ["b", "a"], "answer_index": 1}, None, random.Random(0))
    assert arranged.variables["options"] == "0. b\n1. a"
    assert arranged.reference == 1


def test_a_sources_own_list_keeps_its_numbers() -> None:
    arranged = arrange(RETRIEVAL, {"answer_numbers": [9, 3]}, None, random.Random(0))
    assert arranged.reference == [9, 3]
    assert arranged.variables["numbers"] == "two numbers"


def test_a_bare_choice_needs_no_list() -> None:
    arranged = arrange(CHOICE, {"choice": 5}, None, random.Random(0))
    assert (arranged.variables, arranged.reference) == ({}, 5)


@pytest.mark.parametrize(
    ("kind", "record", "reason"),
    [
        (CHOICE, {"answer": "a", "distractors": ["A", "b"]}, "too few distractors"),
        (CHOICE, {"answer": None, "distractors": []}, "no answer"),
        (CHOICE, {"options": ["a", "b"], "answer_index": 2}, "answer_index outside the options"),
        (CHOICE, {"options": ["", "a", "b"], "answer_index": 1}, "an option is empty"),
        (CHOICE, {"options": ["a", "Ａ"], "answer_index": 0}, "two options are the same"),
        (CHOICE, {"options": [str(n) for n in range(11)], "answer_index": 0}, "more options than digits"),
        (CHOICE, {"choice": 10}, "the benchmark would not read the answer"),
        (RETRIEVAL, {"positives": [], "negatives": ["a"] * 20}, "no positives"),
        (RETRIEVAL, {"positives": ["a"], "negatives": ["b", "c"]}, "too few negatives"),
        (RETRIEVAL, {"answer_numbers": [1, 2, 3, 4]}, "not one to three different numbers"),
        (RETRIEVAL, {"answer_numbers": [2, 2]}, "not one to three different numbers"),
        (RANKING, {"items": ["a"] * 4, "gains": [1] * 4}, "not five items"),
        (RANKING, {"items": list("abcde"), "gains": [0] * 5}, "no item is relevant"),
        (RANKING, {"items": ["a", "b", "c", "d", " D"], "gains": [1] * 5}, "two items are the same"),
        (ENTITIES, {"entities": ["wool"], "text": "cotton sock"}, "entity not in the text"),
        (ENTITIES, {"entities": ["a, b"], "text": "a, b"}, "entity holds a comma"),
        (ENTITIES, {"entities": [None, ""], "text": "a"}, "no entities"),
        (GENERATION, {"answer": "  "}, "empty answer"),
    ],
)
def test_a_record_without_a_question_has_a_reason(kind: TaskType, record: dict[str, object], reason: str) -> None:
    with pytest.raises(RecordError, match=reason):
        arrange(kind, record, None, random.Random(0))


@settings(max_examples=200, deadline=None)
@given(answer=texts, distractors=st.lists(texts, max_size=8), options=st.integers(2, 6), seed=st.integers())
def test_any_choice_is_readable(answer: str, distractors: list[str], options: int, seed: int) -> None:
    try:
        arranged = arrange(CHOICE, {"answer": answer, "distractors": distractors}, options, random.Random(seed))
    except RecordError:
        return
    listed = _lines(arranged.variables["options"])
    assert len(listed) == options
    assert parse(CHOICE, answer_text(CHOICE, arranged.reference)) == arranged.reference
    assert isinstance(arranged.reference, int)
    assert listed[arranged.reference] == answer


@settings(max_examples=200, deadline=None)
@given(
    positives=st.lists(texts, max_size=5),
    negatives=st.lists(texts, max_size=20),
    options=st.integers(3, 15),
    seed=st.integers(),
)
def test_any_retrieval_lists_one_to_three_positives(
    positives: list[str], negatives: list[str], options: int, seed: int
) -> None:
    record = {"positives": positives, "negatives": negatives}
    try:
        arranged = arrange(RETRIEVAL, record, options, random.Random(seed))
    except RecordError:
        return
    listed = _lines(arranged.variables["options"])
    assert len(listed) == options
    assert isinstance(arranged.reference, list)
    assert 1 <= len(arranged.reference) <= 3
    cleaned = {" ".join(text.split()) for text in positives}
    assert all(listed[int(number) - 1] in cleaned for number in arranged.reference)


@settings(max_examples=200, deadline=None)
@given(
    items=st.lists(texts.filter(str.strip), min_size=5, max_size=5, unique_by=lambda text: text.strip().casefold()),
    gains=st.lists(st.sampled_from([0, 0.01, 0.1, 1]), min_size=5, max_size=5),
    seed=st.integers(),
)
def test_any_ranking_is_a_permutation(items: list[str], gains: list[float], seed: int) -> None:
    try:
        arranged = arrange(RANKING, {"items": items, "gains": gains}, None, random.Random(seed))
    except RecordError:
        return
    assert sorted(parse(RANKING, answer_text(RANKING, arranged.reference))) == [1, 2, 3, 4, 5]  # type: ignore[arg-type]
    assert isinstance(arranged.reference, list)
    assert sorted(float(gain) for gain in arranged.reference) == sorted(gains)


@settings(max_examples=200, deadline=None)
@given(entities=st.lists(texts, max_size=4), around=texts, seed=st.integers())
def test_any_entities_are_readable(entities: list[str], around: str, seed: int) -> None:
    record = {"entities": entities, "text": f" {around} ".join(entities)}
    try:
        arranged = arrange(ENTITIES, record, None, random.Random(seed))
    except RecordError:
        return
    assert parse(ENTITIES, answer_text(ENTITIES, arranged.reference)) == arranged.reference
