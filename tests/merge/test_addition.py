"""Base plus delta in float32, rounded once, with exact counts of what rounding loses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.merge import addition
from shoptune.merge.addition import Adder
from shoptune.merge.certificate import RoundingStatistics
from shoptune.merge.delta import Dense, LowRank
from shoptune.merge.factors import Factors


def add_rounded(base: torch.Tensor, delta: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, RoundingStatistics]:
    """A whole matrix and a dense delta."""
    written = torch.empty(base.shape, dtype=dtype)
    return written, Adder().add(base, Dense(delta), 0, written)


def test_a_tally_by_hand() -> None:
    base = torch.tensor([[1.0, 1.0]], dtype=torch.bfloat16)
    delta = torch.tensor([[2.0**-9, 2.0**-7]])  # bfloat16 steps at 1 are 2^-7: the first is lost, the second survives
    summary = add_rounded(base, delta, torch.bfloat16)[1].summary()
    assert summary["intended_norm"] == pytest.approx(math.hypot(2.0**-9, 2.0**-7))
    assert summary["survived_norm"] == pytest.approx(2.0**-7)
    assert summary["lost_share"] == pytest.approx(2.0**-9 / math.hypot(2.0**-9, 2.0**-7))
    assert summary["unchanged_share"] == 0.5
    assert summary["max_error"] == 2.0**-9
    assert summary["entries"] == 2


@pytest.mark.parametrize("delta", [2.0**-9, -(2.0**-9)])
def test_the_largest_error_has_no_sign(delta: float) -> None:
    rounding = add_rounded(torch.ones(1, 2, dtype=torch.bfloat16), torch.tensor([[0.0, delta]]), torch.bfloat16)[1]
    assert rounding.max_error == 2.0**-9


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 300),
    first=st.integers(0, 4),
    tile=st.sampled_from([(64, 1), (256, 4), (500, 3), (1 << 19, 1024)]),
)
def test_tiles_add_up(rows: int, columns: int, first: int, tile: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(rows)
    base = (torch.randn(rows, columns, generator=generator) * 0.02).to(torch.bfloat16)
    factors = Factors(torch.randn(3, columns, generator=generator), torch.randn(first + rows, 3, generator=generator))
    change = (factors.b.double() @ factors.a.double())[first:]
    written = torch.empty(rows, columns, dtype=torch.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addition, "_TILE_ENTRIES", tile[0])
        patch.setattr(addition, "_TILE_ROWS", tile[1])
        summary = Adder().add(base, LowRank(factors), first, written).summary()
    assert torch.allclose(written.double(), base.double() + change, atol=1e-5)
    assert summary["entries"] == rows * columns
    assert summary["intended_norm"] == pytest.approx(float(change.norm()), rel=1e-5)
    assert summary["survived_norm"] == pytest.approx(float(change.norm()), rel=1e-5)


def test_values_beyond_float16_are_counted() -> None:
    base = torch.tensor([[65000.0, 65000.0, float("inf"), 1.0]])
    rounding = add_rounded(base, torch.tensor([[600.0, 400.0, 1.0, 1.0]]), torch.float16)[1]
    assert rounding.overflowed == 1  # the largest float16 is 65504, and 65520 is the first that rounds to infinity


def test_working_memory_of_a_larger_tile_leaves_no_trace() -> None:
    adder, small = Adder(), torch.ones(2, 2)
    adder.add(torch.full((300, 300), 7.0), Dense(torch.full((300, 300), 9.0)), 0, torch.empty(300, 300))
    written = torch.empty(2, 2)
    assert adder.add(small, Dense(small), 0, written).summary()["intended_norm"] == 2.0
    assert torch.equal(written, small * 2)


def test_against_float64() -> None:
    generator = torch.Generator().manual_seed(0)
    base = (torch.randn(64, 64, generator=generator) * 0.02).to(torch.bfloat16)
    delta = torch.randn(64, 64, generator=generator) * 1e-4
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        written, rounding = add_rounded(base, delta, dtype)
        summary = rounding.summary()
        assert torch.equal(written, (base.float() + delta).to(dtype))
        applied = written.double() - base.double()
        lost = (applied - delta.double()).norm() / delta.double().norm()
        assert summary["lost_share"] == pytest.approx(float(lost), rel=1e-5, abs=1e-6)
        assert summary["survived_norm"] == pytest.approx(float(applied.norm()), rel=1e-5)


def test_a_typical_delta_loses_over_a_third_in_bfloat16_and_a_tenth_of_that_in_float16() -> None:
    """The README's reason for float16: weights with standard deviation 0.02 and a delta of 1e-4."""
    generator = torch.Generator().manual_seed(0)
    base = (torch.randn(256, 256, generator=generator) * 0.02).to(torch.bfloat16)
    delta = torch.randn(256, 256, generator=generator) * 1e-4
    lost = {
        dtype: add_rounded(base, delta, dtype)[1].summary()["lost_share"] for dtype in (torch.bfloat16, torch.float16)
    }
    assert lost[torch.bfloat16] > 0.3
    assert lost[torch.float16] < 0.1
