"""The constraint for each task type; the benchmark's parser can read every answer that a constraint allows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.infer.constraints.arrangement import arrangements
from shoptune.infer.constraints.constraint import FREE, MAX_LOGIT_BIAS
from shoptune.infer.constraints.settings import ConstraintSettings, constraint_for
from shoptune.shopbench.chat import Message
from shoptune.shopbench.chat_template import render
from shoptune.shopbench.parsers import parse
from shoptune.shopbench.vocabulary import TaskType

BASE = Path(__file__).parents[2] / "examples" / "tiny_base"
ALL = ConstraintSettings()
NONE = ConstraintSettings(multiple_choice=False, retrieval=False, ranking=False, entity_bias=0)


class Characters:
    """A tokenizer of single characters, as Qwen2's is for digits."""

    ends: Sequence[int] = (0,)
    control_tokens: tuple[str, ...] = ()

    def encode(self, text: str) -> Sequence[int]:
        return [ord(character) for character in text]

    def render(self, messages: Sequence[Message]) -> str:
        return render(messages, BASE)

    @staticmethod
    def decode(ids: Sequence[int]) -> str:
        return "".join(map(chr, ids))


def _listed(first: int, count: int) -> str:
    return "Choose.\n" + "".join(f"{number}. item\n" for number in range(first, first + count)) + "Answer: "


def test_a_choice_is_one_token_among_the_options() -> None:
    constraint = constraint_for(_listed(0, 4), TaskType.MULTIPLE_CHOICE, ALL, Characters())
    assert constraint.token_ids == tuple(map(ord, "0123"))


def test_a_rating_is_one_of_the_scale() -> None:
    question = "Rate the review on a scale of 1 to 5.\nOutput:\nAnswer: "
    constraint = constraint_for(question, TaskType.MULTIPLE_CHOICE, ALL, Characters())
    assert constraint.token_ids == tuple(map(ord, "12345"))


def _matched(pattern: str, numbers: Sequence[int], length: int) -> set[tuple[int, ...]]:
    """Return all sequences of the numbers that match a pattern."""
    tried = itertools.product(numbers, repeat=length)
    return {chosen for chosen in tried if re.fullmatch(pattern, ",".join(map(str, chosen)))}


def test_a_ranking_is_one_of_all_permutations() -> None:
    pattern = constraint_for(_listed(1, 5), TaskType.RANKING, ALL, Characters()).pattern
    assert pattern is not None
    assert _matched(pattern, range(7), 5) == set(itertools.permutations(range(1, 6)))


def test_three_of_fifteen_are_different_and_listed() -> None:
    constraint = constraint_for(_listed(1, 15), TaskType.RETRIEVAL, ALL, Characters())
    assert constraint.pattern is not None
    assert _matched(constraint.pattern, range(20), 3) == set(itertools.permutations(range(1, 16), 3))
    assert constraint.longest is not None
    assert len(constraint.longest) == len("10,11,12")


@given(st.sets(st.integers(0, 130), min_size=1, max_size=12), st.integers(1, 3), st.data())
def test_a_pattern_is_exactly_the_arrangements(numbers: set[int], length: int, data: st.DataObject) -> None:
    listed, size = sorted(numbers), min(length, len(numbers))
    pattern = arrangements(tuple(listed), size)
    chosen = data.draw(st.lists(st.integers(0, 140), min_size=size, max_size=size))
    allowed = len(set(chosen)) == size and set(chosen) <= numbers
    assert bool(re.fullmatch(pattern, ",".join(map(str, chosen)))) is allowed
    assert re.fullmatch(pattern, ",".join(map(str, data.draw(st.permutations(listed))[:size])))


def test_the_pattern_of_a_long_list_is_short() -> None:
    assert len(arrangements(tuple(range(1, 16)), 3)) < 6000  # all 2730 alternatives, one after the other, have 19657


def test_the_words_of_the_query_and_the_end_are_favored() -> None:
    bias = constraint_for("red kettle", TaskType.NAMED_ENTITY_RECOGNITION, ALL, Characters()).logit_bias
    assert bias == dict.fromkeys([0, *map(ord, "red ketl")], 2.0)


class _Words(Characters):
    """A tokenizer in which every character is another token, and a model that ends its turn in two ways."""

    ends = (3, 7)

    def encode(self, text: str) -> Sequence[int]:
        return range(100, 100 + len(text))


@pytest.mark.parametrize("length", [0, 1, MAX_LOGIT_BIAS - 2, MAX_LOGIT_BIAS - 1, 5000])
def test_a_bias_never_exceeds_what_vllm_takes_and_keeps_the_end(length: int) -> None:
    constraint = constraint_for("x" * length, TaskType.NAMED_ENTITY_RECOGNITION, ALL, _Words())
    bias = constraint.sampling_arguments()["logit_bias"]
    assert len(bias) == min(length + 2, MAX_LOGIT_BIAS)
    assert {3, 7} <= bias.keys()
    kept = set(range(100 + length - (len(bias) - 2), 100 + length))  # the last tokens, where the text itself is
    assert bias.keys() == {3, 7} | kept


def test_without_known_ends_nothing_is_favored() -> None:
    class Endless(Characters):
        ends = ()

    assert constraint_for("red kettle", TaskType.NAMED_ENTITY_RECOGNITION, ALL, Endless()) == FREE


def test_a_constraint_in_vllms_terms() -> None:
    choice = constraint_for(_listed(0, 2), TaskType.MULTIPLE_CHOICE, ALL, Characters())
    assert choice.sampling_arguments() == {"allowed_token_ids": [48, 49]}
    ranking = constraint_for(_listed(1, 2), TaskType.RANKING, ALL, Characters())
    assert ranking.sampling_arguments() == {"structured_outputs": {"regex": ranking.pattern}}
    assert FREE.sampling_arguments() == {}


@pytest.mark.parametrize("task_type", list(TaskType))
def test_every_constraint_can_be_off(task_type: TaskType) -> None:
    assert constraint_for(_listed(1, 5), task_type, NONE, Characters()) == FREE


@pytest.mark.parametrize(
    "question", ["Are they the same? Only output yes or no.", "Which?\nA. kettle\nB. sock\nAnswer:"]
)
def test_a_question_that_asks_for_a_word_is_free(question: str) -> None:
    assert constraint_for(question, TaskType.MULTIPLE_CHOICE, ALL, Characters()) == FREE


def test_a_gap_in_the_numbers_admits_numbers_and_positions() -> None:
    constraint = constraint_for("Choose.\n0. a\n1. b\n3. c\nAnswer: ", TaskType.MULTIPLE_CHOICE, ALL, Characters())
    assert constraint.token_ids == tuple(map(ord, "0123"))


def test_the_first_item_may_stand_beside_its_label() -> None:
    question = "Choose.\nProducts: 0. a\n1. b\n2. c\n3. d\nOutput:"
    pattern = constraint_for(question, TaskType.RETRIEVAL, ALL, Characters()).pattern
    assert pattern is not None
    assert re.fullmatch(pattern, "0,2,3")


def test_generation_is_free() -> None:
    assert constraint_for(_listed(1, 5), TaskType.GENERATION, ALL, Characters()) == FREE


@settings(max_examples=30)  # drawing texts from a long expression is slow
@given(st.integers(0, 1), st.integers(2, 10), st.data())
def test_matches_of_a_retrieval_pattern_can_be_parsed(first: int, count: int, data: st.DataObject) -> None:
    question = _listed(first, count)
    pattern = constraint_for(question, TaskType.RETRIEVAL, ALL, Characters()).pattern
    assert pattern is not None
    text = data.draw(st.from_regex(pattern, fullmatch=True, alphabet=st.sampled_from("0123456789,")))
    assert parse(TaskType.RETRIEVAL, text) == [int(number) for number in text.split(",")]
    assert len(set(text.split(","))) == min(3, count)


@given(st.permutations([1, 2, 3, 4, 5]))
def test_every_ranking_can_be_written_and_is_read_back(order: list[int]) -> None:
    text = ",".join(map(str, order))
    assert re.fullmatch(arrangements((1, 2, 3, 4, 5), 5), text)
    assert parse(TaskType.RANKING, text) == order


def test_long_lists_have_a_looser_pattern() -> None:
    pattern = arrangements(tuple(range(1, 61)), 3)
    assert len(pattern) < 1000
    assert all(
        re.fullmatch(pattern, ",".join(map(str, c)))
        for c in itertools.islice(itertools.permutations(range(1, 61), 3), 200)
    )
