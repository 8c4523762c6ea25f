"""Norms and angles of adapters' deltas: the same from factors as from dense deltas."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shoptune.errors import ShoptuneError
from shoptune.merge.factors import Factors
from shoptune.merge.similarity import inner_product, similarity_of

from .conftest import HIDDEN, LAYER, VOCABULARY, WriteAdapter

UP = "model.layers.0.mlp.up_proj"
ROW, COLUMN = torch.ones(1, HIDDEN), torch.ones(HIDDEN, 1)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_the_inner_product_is_that_of_the_dense_deltas(first: int, second: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    ours, theirs = (
        Factors(torch.randn(rank, 5, generator=generator), torch.randn(7, rank, generator=generator))
        for rank in (first, second)
    )
    dense = float(((ours.b @ ours.a).double() * (theirs.b @ theirs.a).double()).sum())
    assert inner_product(ours, theirs) == pytest.approx(dense, abs=1e-4)


def test_norms_and_cosines_by_hand(write_adapter: WriteAdapter) -> None:
    # alpha 2 over rank 1: the delta of q_proj is 2 * ones, that of up_proj is 2 * (ones of half the columns).
    half = torch.cat([torch.ones(1, HIDDEN // 2), torch.zeros(1, HIDDEN // 2)], dim=1)
    first = write_adapter("a", {LAYER: (ROW, COLUMN)}, rank=1, alpha=2)
    second = write_adapter("b", {LAYER: (half, -COLUMN), UP: (half.clone(), torch.ones(12, 1))}, rank=1, alpha=2)
    found = similarity_of([first, second])
    assert found.norms(0) == {f"{LAYER}.weight": pytest.approx(2 * HIDDEN)}
    assert found.norms(1) == {
        f"{LAYER}.weight": pytest.approx(2 * math.sqrt(HIDDEN * HIDDEN / 2)),
        f"{UP}.weight": pytest.approx(2 * math.sqrt(12 * HIDDEN / 2)),
    }
    assert found.cosines(0, 1) == {f"{LAYER}.weight": pytest.approx(-1 / math.sqrt(2))}
    assert found.cosines(1, 0) == found.cosines(0, 1)
    whole = (-4 * 32) / (16 * math.sqrt(4 * 32 + 4 * 48))
    assert found.cosine(0, 1) == pytest.approx(whole)
    assert found.cosine(1, 1) == pytest.approx(1)


def test_an_embeddings_delta_has_the_same_norm(write_adapter: WriteAdapter) -> None:
    a, b = torch.randn(2, VOCABULARY), torch.randn(HIDDEN, 2)
    found = similarity_of([write_adapter("x", {"model.embed_tokens": (a, b)})])
    assert found.norm(0) == pytest.approx(float((2 * b @ a).norm()), rel=1e-5)


def test_a_delta_of_zeros_has_no_direction(write_adapter: WriteAdapter) -> None:
    first = write_adapter("a", {LAYER: (ROW, torch.zeros(HIDDEN, 1))}, rank=1)
    second = write_adapter("b", {LAYER: (ROW, COLUMN)}, rank=1)
    found = similarity_of([first, second])
    assert found.cosines(0, 1) == {f"{LAYER}.weight": 0.0}
    assert found.cosine(0, 1) == 0.0


def test_deltas_that_depend_on_the_base_are_refused(write_adapter: WriteAdapter, tmp_path: Path) -> None:
    path = write_adapter("x", {LAYER: (ROW, COLUMN)}, rank=1, use_dora=True)
    with pytest.raises(ShoptuneError, match="use_dora: is true"):
        similarity_of([path])
    with pytest.raises(ShoptuneError, match="no such file"):
        similarity_of([tmp_path / "none"])
