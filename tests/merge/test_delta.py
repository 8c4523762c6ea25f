"""Deltas stored as factors or as whole matrices."""

import torch

from shoptune.merge.delta import Dense, LowRank
from shoptune.merge.factors import Factors


def test_a_part_of_the_weight_gets_its_part_of_the_delta() -> None:
    factors = Factors(torch.tensor([[1.0, 10.0]]), torch.tensor([[1.0], [2.0], [3.0]]))
    whole = factors.b @ factors.a
    for delta in (LowRank(factors), Dense(whole)):
        part = torch.empty(2, 1)
        delta.fill(part, 1, 1, torch.empty(2, 1))
        assert part.tolist() == [[20.0], [30.0]]
