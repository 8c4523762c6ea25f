"""The scales that AWQ tries for a layer's input channels."""

from __future__ import annotations

import torch

_SMALLEST = 1e-4


def candidate_scales(x_mean: torch.Tensor, w_mean: torch.Tensor, ratio: float, *, duo: bool) -> torch.Tensor:
    """The scales of one step of AWQ's grid (AWQ, Lin et al. 2023, section 3.2; counting weights is AutoAWQ's addition).

    They are normalized so that the largest is the inverse of the smallest. A channel whose weights are all zero, as
    padding makes them, has scale 1 and no say in that: its scale is the end of the range, and would push those of all
    other channels away from 1, towards what float16 cannot hold.

    Args:
        x_mean: mean absolute activation of each input channel, (channels,), float32.
        w_mean: mean absolute weight of each input channel, as a share of its group's largest, (channels,), float32.
        ratio: how much activations count against weights, 0 to 1.
        duo: count weights at all.

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
