"""A low-rank delta as its two factors."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Factors:
    """The low-rank delta of one weight matrix, `b @ a`.

    Attributes:
        a: float32, rank x columns.
        b: float32, rows x rank, multiplied by the adapter's scale.
    """

    a: torch.Tensor
    b: torch.Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the delta."""
        return self.b.shape[0], self.a.shape[1]
