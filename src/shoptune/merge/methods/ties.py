"""TIES-Merging (Yadav et al. 2023, arXiv 2306.01708): trim each delta, elect a sign per entry, average what agrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from shoptune.merge.method import DenseMethod, Density

if TYPE_CHECKING:
    import torch


class Ties(DenseMethod):
    """TIES on one weight matrix at a time.

    Attributes:
        density: share of each delta's entries to keep, the largest in magnitude.
    """

    method: Literal["ties"] = "ties"
    density: Density

    def combine(
        self, deltas: Sequence[torch.Tensor], weights: Sequence[float], generator: torch.Generator
    ) -> torch.Tensor:
        """Trim, elect, merge; nothing is random."""
        return ties(deltas, weights, self.density)


def ties(deltas: Sequence[torch.Tensor], weights: Sequence[float], density: float) -> torch.Tensor:
    """Section 4 of the paper.

    At every entry, the sign with the larger weighted sum is elected. The result is the weighted mean of the trimmed
    deltas that have this sign, and 0 where none is left.

    Args:
        deltas: one per adapter, all of the same shape.
        weights: one per delta; a negative weight flips its delta.
        density: from 0 (nothing kept) to 1.
    """
    import torch

    trimmed = [trim(delta, density) for delta in deltas]
    weighted = torch.stack([weight * delta for weight, delta in zip(weights, trimmed, strict=True)])
    agrees = agreement(weighted)
    sizes = torch.tensor([abs(weight) for weight in weights]).view(-1, *[1] * deltas[0].dim())
    total = (sizes * agrees).sum(dim=0)
    return torch.where(total > 0, (weighted * agrees).sum(dim=0) / total, torch.zeros_like(total))


def trim(delta: torch.Tensor, density: float) -> torch.Tensor:
    """Keep the given share of entries by magnitude, at least one; ties with the smallest kept entry are kept too."""
    dropped = min(round((1 - density) * delta.numel()), delta.numel() - 1)
    if dropped <= 0:
        return delta
    threshold = delta.abs().flatten().kthvalue(dropped + 1).values
    return delta.where(delta.abs() >= threshold, delta.new_zeros(()))


def agreement(weighted: torch.Tensor) -> torch.Tensor:
    """Which entries have the sign of their sum over the first axis; a sum of 0 elects no sign."""
    elected = weighted.sum(dim=0).sign()
    return (weighted.sign() == elected) & (elected != 0)
