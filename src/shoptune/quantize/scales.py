"""AWQ's candidate scales for the input channels of a layer."""

from __future__ import annotations

import torch

_SMALLEST = 1e-4


def candidate_scales(x_mean: torch.Tensor, w_mean: torch.Tensor, ratio: float, *, duo: bool) -> torch.Tensor:
    """Compute the scales of one step of AWQ's grid search (Lin et al. 2023, section 3.2; `duo` is from AutoAWQ).

    The scales are normalized so that the largest is the inverse of the smallest. Padding channels, whose weights are
    all zero, get scale 1 and are excluded from the normalization: their scales would be extreme, and would push those
    of all other channels away from 1, towards values that float16 cannot represent.

    Args:
        x_mean: the mean absolute activation of each input channel, shape (channels,), float32.
        w_mean: the mean absolute weight of each input channel, relative to the largest in its group, shape (channels,),
            float32.
        ratio: the exponent of the activations, from 0 to 1; the exponent of the weights is 1 - ratio.
        duo: whether to take the weights into account.

    Returns:
        The scales, shape (channels,), positive and finite.
    """
    scales = x_mean.pow(ratio)
    if duo:
        scales = scales / (w_mean.pow(1 - ratio) + _SMALLEST)
    scales = scales.clamp(min=_SMALLEST)
    live = w_mean > 0
    if live.any():
        scales = scales / (scales[live].max() * scales[live].min()).sqrt()
    return torch.where(live & torch.isfinite(scales), scales, torch.ones_like(scales))
