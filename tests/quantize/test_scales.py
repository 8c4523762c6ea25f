import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shoptune.quantize.scales import candidate_scales


def test_activations_alone_at_ratio_one_half() -> None:
    # sqrt(4) = 2 and sqrt(16) = 4; divided by sqrt(2 * 4): 0.7071 and 1.4142.
    scales = candidate_scales(torch.tensor([4.0, 16.0]), torch.ones(2), 0.5, duo=False)
    assert scales.tolist() == pytest.approx([0.5**0.5, 2**0.5])


def test_weights_enter_with_the_complementary_exponent() -> None:
    # Ratio 0: activations count as 1; 1 / 0.25 = 4 and 1 / 1 = 1; divided by sqrt(4): 2 and 0.5.
    scales = candidate_scales(torch.tensor([7.0, 9.0]), torch.tensor([0.25, 1.0]), 0.0, duo=True)
    assert scales.tolist() == pytest.approx([2.0, 0.5], rel=1e-3)


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(1e-3, 1.0)), min_size=1, max_size=8),
    st.integers(1, 5),
    st.floats(0, 0.95),
    st.booleans(),
)
def test_padding_changes_no_scale_of_a_live_channel(
    channels: list[tuple[float, float]], padding: int, ratio: float, duo: bool
) -> None:
    x_mean, w_mean = (torch.tensor(values) for values in zip(*channels, strict=True))
    zeros = torch.zeros(padding)
    plain = candidate_scales(x_mean, w_mean, ratio, duo=duo)
    padded = candidate_scales(torch.cat([x_mean, zeros]), torch.cat([w_mean, zeros]), ratio, duo=duo)
    assert torch.equal(padded[: len(channels)], plain)
    assert torch.equal(padded[len(channels) :], torch.ones(padding))
    assert plain.max() * plain.min() == pytest.approx(1, rel=1e-4)
