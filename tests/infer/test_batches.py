"""Splitting questions into batches and putting the answers back, and the time that batches took together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.infer.batches import Batches
from shoptune.infer.journal import Batch
from shoptune.infer.prepare import cache_friendly_order
from shoptune.infer.prompt import Completion, Prompt, Usage
from shoptune.infer.timing import busy_seconds

_PROMPTS = st.lists(st.builds(Prompt, st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=12)


def _answer(batches: Batches, number: int) -> Batch:
    completions = [Completion(f"to {prompt}", Usage(1, 0, 1, 0.0)) for prompt in batches[number]]
    return Batch(number, completions, 0.0, 1.0)


@given(_PROMPTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_answers_in_any_order_come_back_in_question_order(prompts: list[Prompt], size: int, random: object) -> None:
    batches = Batches(prompts, size)
    numbers = list(range(len(batches)))
    random.shuffle(numbers)  # type: ignore[attr-defined]
    answered: dict[int, Batch] = {}
    for number in numbers:
        assert number in batches.missing(answered)
        answered[number] = _answer(batches, number)
    assert batches.missing(answered) == []
    assert [completion.text for completion in batches.in_question_order(answered)] == [f"to {p}" for p in prompts]


@given(_PROMPTS, st.integers(1, 5))
def test_batches_are_full_but_the_last_and_sorted_for_the_cache(prompts: list[Prompt], size: int) -> None:
    batches = Batches(prompts, size)
    sizes = [len(batches[number]) for number in range(len(batches))]
    assert all(length == size for length in sizes[:-1])
    assert all(0 < length <= size for length in sizes)
    asked = [prompt for number in range(len(batches)) for prompt in batches[number]]
    assert asked == [prompts[position] for position in cache_friendly_order(prompts)]


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([], 0.0),
        ([(10.0, 2.0), (12.5, 1.0)], 3.0),  # one after the other, with a pause
        ([(10.0, 2.0), (11.0, 2.0)], 3.0),  # side by side
        ([(11.0, 1.0), (10.0, 5.0), (16.0, 1.0)], 6.0),  # one within another, and one after both
    ],
)
def test_time_in_which_replicas_overlap_counts_once(spans: list[tuple[float, float]], seconds: float) -> None:
    assert busy_seconds(spans) == pytest.approx(seconds)
