"""KL divergence and agreement, compared with values worked out by hand and with whole distributions in float64."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.parity.compare import Distributions, compare


def _of(*rows: list[float], top: int = 9) -> Distributions:
    return Distributions.of_logits(np.log(np.array(rows)), top)


def test_the_divergence_by_hand() -> None:
    # KL([1/2, 1/4, 1/4] || [1/4, 1/2, 1/4]) = 1/2 ln 2 - 1/4 ln 2
    found = compare(_of([0.5, 0.25, 0.25], [0.6, 0.3, 0.1]), _of([0.25, 0.5, 0.25], [0.6, 0.3, 0.1]))
    assert found.mean_kl == pytest.approx(math.log(2) / 8)
    assert found.max_kl == pytest.approx(math.log(2) / 4)
    assert found.top1 == 0.5
    assert found.positions == 2


def test_tokens_beyond_the_list_count_as_one() -> None:
    # Both list tokens 0 and 1; the other two are one outcome of 0.2 and 0.4.
    p, q = _of([0.5, 0.3, 0.15, 0.05], top=2), _of([0.35, 0.25, 0.2, 0.2], top=2)
    by_hand = 0.5 * math.log(0.5 / 0.35) + 0.3 * math.log(0.3 / 0.25) + 0.2 * math.log(0.2 / 0.4)
    assert compare(p, q).mean_kl == pytest.approx(by_hand)


def test_logits_need_not_be_normalized() -> None:
    logits = np.array([[1000.0, 1000.0 + math.log(3)]])
    found = Distributions.of_logits(logits, 2)
    assert found.tokens.tolist() == [[1, 0]]
    assert np.exp(found.log_probabilities) == pytest.approx(np.array([[0.75, 0.25]]))


@given(st.lists(st.floats(-20, 20), min_size=8, max_size=8), st.lists(st.floats(-20, 20), min_size=8, max_size=8))
def test_whole_lists_give_the_divergence_and_short_ones_a_lower_bound(first: list[float], second: list[float]) -> None:
    p, q = (np.exp(row) / np.exp(row).sum() for row in (np.array(first), np.array(second)))
    exact = float(np.sum(p * np.log(p / q)))
    logits = [np.array([row]) for row in (first, second)]
    whole, short = (compare(*(Distributions.of_logits(row, top) for row in logits)).mean_kl for top in (8, 3))
    assert whole == pytest.approx(exact, abs=1e-9)
    assert short <= exact + 1e-6


def test_saved_distributions_are_loaded_unchanged(tmp_path: Path) -> None:
    kept = _of([0.5, 0.25, 0.25])
    kept.save(tmp_path / "a.npz")
    again = Distributions.load(tmp_path / "a.npz")
    assert compare(kept, again).mean_kl == 0
    assert again.tokens.dtype == np.int64
