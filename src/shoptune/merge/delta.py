"""The delta that a merge adds to one weight matrix, in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from shoptune.merge.lora import Factors


class Delta(Protocol):
    """A delta, of which any part can be computed."""

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Write the part of the delta that begins at a row and a column into `part` (float32)."""


@dataclass(frozen=True)
class LowRank:
    """A delta stored as its factors."""

    factors: Factors

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Multiply rows of B with columns of A."""
        rows, columns = part.shape
        torch.mm(self.factors.b[row : row + rows], self.factors.a[:, column : column + columns], out=part)


@dataclass(frozen=True)
class Dense:
    """A delta stored as a matrix."""

    delta: torch.Tensor

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Copy the part."""
        rows, columns = part.shape
        part.copy_(self.delta[row : row + rows, column : column + columns])
