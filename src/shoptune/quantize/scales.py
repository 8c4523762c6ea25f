"""Candidate scales of AWQ for the input channels of a layer."""

from __future__ import annotations

import torch

_SMALLEST = 1e-4


def candidate_scales(x_mean: torch.Tensor, w_mean: torch.Tensor, ratio: float, *, duo: bool) -> torch.Tensor:
    """The scales of one step of AWQ's grid search (Lin et al. 2023, section 3.2; `duo` is AutoAWQ's addition).

    They are normalized so that the largest is the inverse of the smallest. A padding channel, whose weights are all
    zero, gets scale 1 and is left out of the normalization: its own scale would be extreme and push those of all other
    channels away from 1, towards values that float16 cannot hold.

    Args:
        x_mean: mean absolute activation of each input channel, (channels,), float32.
        w_mean: mean absolute weight of each input channel, as a share of its group's largest, (channels,), float32.
        ratio: exponent of the activations, from 0 to 1; the weights have exponent 1 - ratio.
        duo: whether weights are used at all.

    Returns:
        (channels,), positive and finite.
    """
    scales = x_mean.pow(ratio)
    if duo:
        scales = scales / (w_mean.pow(1 - ratio) + _SMALLEST)
    scales = scales.clamp(min=_SMALLEST)
    live = w_mean > 0
    if live.any():
        scales = scales / (scales[live].max() * scales[live].min()).sqrt()
    return torch.where(live & torch.isfinite(scales), scales, torch.ones_like(scales))
