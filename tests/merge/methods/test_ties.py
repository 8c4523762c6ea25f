"""TIES, compared with values worked out by hand and with a loop in float64."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.merge.methods.ties import ties, trim


def test_trimming_keeps_the_largest() -> None:
    delta = torch.tensor([[0.1, -4.0], [3.0, 0.2]])
    assert trim(delta, 0.5).tolist() == [[0.0, -4.0], [3.0, 0.0]]
    assert torch.equal(trim(delta, 1.0), delta)
    assert trim(delta, 0.01).tolist() == [[0.0, -4.0], [0.0, 0.0]]  # at least one


def test_ties_by_hand() -> None:
    first = torch.tensor([[4.0, 1.0, -2.0, 0.1]])
    second = torch.tensor([[-1.0, 3.0, -4.0, 0.2]])
    # trimmed to two of four: [4, 0, -2, 0] and [0, 3, -4, 0]; signs +, +, -, none; means over those that agree
    assert ties([first, second], [1.0, 1.0], 0.5).tolist() == [[4.0, 3.0, -3.0, 0.0]]


def test_ties_weighs_the_election_and_the_mean() -> None:
    first, second = torch.tensor([[1.0]]), torch.tensor([[-1.5]])
    assert ties([first, second], [1.0, 1.0], 1.0).tolist() == [[-1.5]]  # 1 < 1.5
    assert ties([first, second], [2.0, 1.0], 1.0).tolist() == [[1.0]]  # 2 > 1.5
    assert ties([torch.tensor([[3.0]]), torch.tensor([[6.0]])], [2.0, 1.0], 1.0).tolist() == [[4.0]]  # (6 + 6) / 3


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.lists(st.integers(-4, 4), min_size=3, max_size=3), min_size=1, max_size=4),
    weights=st.lists(st.sampled_from([-1.0, 0.5, 1.0, 2.0]), min_size=4, max_size=4),
)
def test_ties_equals_a_loop_over_entries(values: list[list[int]], weights: list[float]) -> None:
    deltas = [torch.tensor([row], dtype=torch.float32) for row in values]
    merged = ties(deltas, weights[: len(deltas)], 1.0)
    for column in range(3):
        entries = [weight * row[column] for weight, row in zip(weights, values, strict=False)]
        elected = (sum(entries) > 0) - (sum(entries) < 0)
        agreeing = [
            (entry, abs(weight))
            for entry, weight in zip(entries, weights, strict=False)
            if elected and (entry > 0) - (entry < 0) == elected
        ]
        expected = sum(entry for entry, _ in agreeing) / sum(weight for _, weight in agreeing) if agreeing else 0.0
        assert merged[0, column].item() == pytest.approx(expected, abs=1e-6)
