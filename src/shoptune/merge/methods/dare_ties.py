"""DARE (Yu et al. 2023, arXiv 2311.03099) with the sign election of TIES: drop at random, rescale, sum what agrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from shoptune.merge.method import DenseMethod, Density
from shoptune.merge.methods.ties import agreement

if TYPE_CHECKING:
    import torch


class DareTies(DenseMethod):
    """DARE-TIES on one weight matrix at a time.

    Attributes:
        density: probability of keeping an entry of a delta.
    """

    method: Literal["dare_ties"] = "dare_ties"
    density: Density

    def combine(
        self, deltas: Sequence[torch.Tensor], weights: Sequence[float], generator: torch.Generator
    ) -> torch.Tensor:
        """Drop, rescale, elect, sum."""
        return dare_ties(deltas, weights, self.density, generator)


def dare_ties(
    deltas: Sequence[torch.Tensor], weights: Sequence[float], density: float, generator: torch.Generator
) -> torch.Tensor:
    """Keep each entry with probability `density` and divide it by `density`, so that the expected delta is unchanged.

    Entries whose sign loses the election are left out of the weighted sum.

    Args:
        deltas: one per adapter, all of the same shape.
        weights: one per delta.
        density: from 0 (nothing kept) to 1.
        generator: decides which entries are kept.
    """
    import torch

    kept = [
        torch.where(torch.rand(delta.shape, generator=generator) < density, delta / density, torch.zeros_like(delta))
        for delta in deltas
    ]
    weighted = torch.stack([weight * delta for weight, delta in zip(weights, kept, strict=True)])
    return (weighted * agreement(weighted)).sum(dim=0)
