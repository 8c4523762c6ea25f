"""Ways to make one delta of several dense ones: TIES and DARE-TIES, as pure functions of float32 tensors.

The default method, the exact weighted sum, needs no dense deltas; see `shoptune.merge.delta.ensemble`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def ties(deltas: Sequence[torch.Tensor], weights: Sequence[float], density: float) -> torch.Tensor:
    """TIES-Merging (Yadav et al. 2023, arXiv 2306.01708, section 4): trim, elect signs, merge what agrees.

    Each delta keeps the `density` share of its entries that are largest in magnitude. At every entry the sign with the
    larger weighted sum is elected, and the result is the weighted mean of the trimmed deltas that have that sign; where
    nothing is left it is 0. Trimming looks at one weight matrix at a time, not at the whole model.

    Args:
        deltas: one delta an adapter, all of one shape.
        weights: one weight a delta; a negative one turns its delta round.
        density: from 0 (nothing kept) to 1.
    """
    trimmed = [trim(delta, density) for delta in deltas]
    weighted = torch.stack([weight * delta for weight, delta in zip(weights, trimmed, strict=True)])
    agrees = _agreement(weighted)
    sizes = torch.tensor([abs(weight) for weight in weights]).view(-1, *[1] * deltas[0].dim())
    total = (sizes * agrees).sum(dim=0)
    return torch.where(total > 0, (weighted * agrees).sum(dim=0) / total, torch.zeros_like(total))


def dare_ties(
    deltas: Sequence[torch.Tensor], weights: Sequence[float], density: float, generator: torch.Generator
) -> torch.Tensor:
    """DARE (Yu et al. 2023, arXiv 2311.03099) with TIES' election: drop at random, rescale, sum what agrees in sign.

    Each entry of each delta is kept with probability `density` and divided by it, which leaves the expected delta as it
    was; entries whose sign loses the election are left out of the weighted sum.

    Args:
        deltas: one delta an adapter, all of one shape.
        weights: one weight a delta.
        density: from 0 (nothing kept) to 1.
        generator: decides what is kept.
    """
    kept = [
        torch.where(torch.rand(delta.shape, generator=generator) < density, delta / density, torch.zeros_like(delta))
        for delta in deltas
    ]
    weighted = torch.stack([weight * delta for weight, delta in zip(weights, kept, strict=True)])
    return (weighted * _agreement(weighted)).sum(dim=0)


def trim(delta: torch.Tensor, density: float) -> torch.Tensor:
    """Keep the share of entries that are largest in magnitude, at least one, and those as large as the last kept."""
    dropped = min(round((1 - density) * delta.numel()), delta.numel() - 1)
    if dropped <= 0:
        return delta
    threshold = delta.abs().flatten().kthvalue(dropped + 1).values
    return torch.where(delta.abs() >= threshold, delta, torch.zeros_like(delta))


def _agreement(weighted: torch.Tensor) -> torch.Tensor:
    """Which entries have the sign of their sum over the first axis; those that are 0 have none."""
    elected = weighted.sum(dim=0).sign()
    return (weighted.sign() == elected) & (elected != 0)
