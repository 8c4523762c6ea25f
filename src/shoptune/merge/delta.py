"""What a merge adds to one weight matrix, in float32."""

from __future__ import annotations

from collections.abc import Sequence
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


def ensemble(members: Sequence[tuple[Factors, float]], wise_ft_alpha: float) -> Factors:
    """The factors of `alpha * sum_i w_i * s_i * B_i @ A_i`, the delta of one weight.

    The sum is exact: factors are stacked along the rank, `[w_1 B_1, w_2 B_2] @ [A_1; A_2]`. Adding the A's and the B's
    apart would bring in cross terms `B_1 @ A_2`, which no adapter was trained for. Wise-ft (paper 001, section 4.4)
    scales the sum by alpha, there by its square root on either factor; here all of it goes to B, which also serves a
    negative alpha.

    Args:
        members: the factors of each adapter that changes the weight, with its place in the ensemble (any weight).
        wise_ft_alpha: 0 gives the base, 1 the fine-tuned ensemble.
    """
    a = torch.cat([factors.a for factors, _ in members], dim=0)
    b = torch.cat([factors.b * (weight * wise_ft_alpha) for factors, weight in members], dim=1)
    return Factors(a, b)
