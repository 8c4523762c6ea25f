"""The exact weighted sum, compared with values worked out by hand and with float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.merge.factors import Factors
from shoptune.merge.methods.task_arithmetic import weighted_sum
from tests.merge.test_addition import add_rounded


def test_an_ensemble_by_hand() -> None:
    first = Factors(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0], [0.0]]))  # delta [[1, 2], [0, 0]]
    second = Factors(torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0], [3.0]]))  # delta [[0, 1], [0, 3]]
    factors = weighted_sum([(first, 2.0), (second, -1.0)], alpha=0.5)
    # 0.5 * (2 * [[1, 2], [0, 0]] - [[0, 1], [0, 3]]) = [[1, 1.5], [0, -1.5]]
    assert torch.equal(factors.b @ factors.a, torch.tensor([[1.0, 1.5], [0.0, -1.5]]))
    assert factors.a.shape == (2, 2)  # ranks add up


def test_there_are_no_cross_terms() -> None:
    """Summing the A's and the B's apart would give (B1 + B2)(A1 + A2), four times too much here."""
    factors = Factors(torch.ones(1, 2), torch.ones(2, 1))
    twice = weighted_sum([(factors, 1.0), (factors, 1.0)], alpha=1.0)
    assert torch.equal(twice.b @ twice.a, torch.full((2, 2), 2.0))


def test_one_rounding_at_the_end() -> None:
    """1 + 2^-9 needs nine bits; bfloat16 has eight: two such steps survive only when they are added before rounding."""
    step = Factors(torch.tensor([[2.0**-9]]), torch.ones(1, 1))
    both = weighted_sum([(step, 1.0), (step, 1.0)], alpha=1.0)
    base = torch.ones(1, 1, dtype=torch.bfloat16)
    assert add_rounded(base, both.b @ both.a, torch.bfloat16)[0].item() == 1.0  # half a step: a tie goes to even
    thrice = weighted_sum([(step, 1.0), (step, 1.0), (step, 1.0)], alpha=1.0)
    assert add_rounded(base, thrice.b @ thrice.a, torch.bfloat16)[0].item() == 1.0 + 2.0**-7


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 8),
    columns=st.integers(1, 8),
    ranks=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    alpha=st.floats(-2, 2),
    seed=st.integers(0, 1000),
)
def test_any_ensemble_equals_the_dense_sum_in_float64(
    rows: int, columns: int, ranks: list[int], alpha: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    members = [
        (
            Factors(torch.randn(rank, columns, generator=generator), torch.randn(rows, rank, generator=generator)),
            float(torch.randn((), generator=generator)),
        )
        for rank in ranks
    ]
    dense = alpha * sum(weight * (factors.b.double() @ factors.a.double()) for factors, weight in members)
    factors = weighted_sum(members, alpha)
    assert isinstance(dense, torch.Tensor)
    assert torch.allclose((factors.b @ factors.a).double(), dense, atol=1e-4, rtol=1e-4)
    reversed_order = weighted_sum(members[::-1], alpha)
    assert torch.allclose(reversed_order.b @ reversed_order.a, factors.b @ factors.a, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_scaling_alpha_scales_the_delta(alpha: float) -> None:
    factors = Factors(torch.randn(2, 3), torch.randn(4, 2))
    whole, part = weighted_sum([(factors, 1.0)], 1.0), weighted_sum([(factors, 1.0)], alpha)
    assert torch.allclose(part.b @ part.a, alpha * (whole.b @ whole.a))
