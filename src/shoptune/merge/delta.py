"""What a merge adds to one weight matrix, in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from shoptune.merge.lora import Factors


class Delta(Protocol):
    """What is added to a weight matrix."""

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Write the part of the delta that begins at a row and a column; float32, as large as `part`."""


@dataclass(frozen=True)
class LowRank:
    """A delta kept as its factors."""

    factors: Factors

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Multiply rows of B with columns of A."""
        rows, columns = part.shape
        torch.mm(self.factors.b[row : row + rows], self.factors.a[:, column : column + columns], out=part)


@dataclass(frozen=True)
class Dense:
    """A delta kept whole."""

    delta: torch.Tensor

    def fill(self, part: torch.Tensor, row: int, column: int) -> None:
        """Copy the part."""
        rows, columns = part.shape
        part.copy_(self.delta[row : row + rows, column : column + columns])
