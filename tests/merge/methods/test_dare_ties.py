"""DARE-TIES, compared with values worked out by hand and with its expectation."""

from __future__ import annotations

import torch

from shoptune.merge.methods.dare_ties import dare_ties


def test_dare_keeps_everything_at_density_one() -> None:
    first, second = torch.tensor([[1.0, -1.0]]), torch.tensor([[2.0, 3.0]])
    merged = dare_ties([first, second], [0.5, 1.0], 1.0, torch.Generator().manual_seed(0))
    assert merged.tolist() == [[2.5, 3.0]]  # 0.5 + 2; -0.5 loses to 3


def test_dare_leaves_the_expected_delta() -> None:
    delta = torch.ones(200, 200)
    merged = dare_ties([delta], [1.0], 0.25, torch.Generator().manual_seed(1))
    assert set(merged.unique().tolist()) == {0.0, 4.0}
    # 40000 draws of 0 or 4 with mean 1: standard deviation of the mean sqrt(3 / 40000) = 0.0087
    assert abs(float(merged.mean()) - 1.0) < 5 * 0.0087


def test_the_seed_decides_what_is_dropped() -> None:
    delta = torch.ones(10, 10)
    one, same, other = (dare_ties([delta], [1.0], 0.5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
