"""The delta that a merge adds to one weight, in float32, of which any part can be computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from shoptune.merge.factors import Factors


class Delta(Protocol):
    """A delta, any part of which can be computed. Weights that are not matrices have one column per row."""

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:
        """Write a part of the delta.

        Args:
            part: receives the part, float32.
            row: the first row of the part.
            column: the first column of the part.
            base: the same part of the base's weight, float32.
        """


@dataclass(frozen=True)
class LowRank:
    """A delta stored as its factors."""

    factors: Factors

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:  # noqa: ARG002
        """Multiply rows of B with columns of A."""
        rows, columns = part.shape
        torch.mm(self.factors.b[row : row + rows], self.factors.a[:, column : column + columns], out=part)


@dataclass(frozen=True)
class Dense:
    """A delta stored as a matrix."""

    delta: torch.Tensor

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:  # noqa: ARG002
        """Copy the part."""
        rows, columns = part.shape
        part.copy_(self.delta[row : row + rows, column : column + columns])


@dataclass(frozen=True)
class Rescaled:
    """DoRA's delta, `scale * (W + B @ A) - W` (Liu et al. 2024, arXiv 2402.09353, equation 5).

    Attributes:
        factors: of the low-rank part.
        scale: learned magnitude over norm, float32: rows x 1 for a linear layer, 1 x columns for an embedding.
    """

    factors: Factors
    scale: torch.Tensor

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:
        """Add the low-rank part to the base, rescale, subtract the base."""
        rows, columns = part.shape
        LowRank(self.factors).fill(part, row, column, base)
        scale = self.scale[:, column : column + columns] if self.scale.shape[0] == 1 else self.scale[row : row + rows]
        part.add_(base).mul_(scale).sub_(base)


@dataclass(frozen=True)
class Replaced:
    """The delta of a weight that was trained whole: the new weight minus the base's.

    Attributes:
        weight: rows x columns of any float type, usually mapped from a file.
    """

    weight: torch.Tensor

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:
        """Subtract the base from the new weight."""
        rows, columns = part.shape
        part.copy_(self.weight[row : row + rows, column : column + columns]).sub_(base)


@dataclass(frozen=True)
class ReplacedRows:
    """The delta of a weight of which some rows were trained, as the embeddings of chosen tokens.

    Attributes:
        rows: the new rows by their numbers; one-dimensional tensors of any float type.
    """

    rows: dict[int, torch.Tensor]

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:
        """Zero, but for the trained rows."""
        rows, columns = part.shape
        part.zero_()
        for number, values in self.rows.items():
            if row <= number < row + rows:
                part[number - row].copy_(values[column : column + columns]).sub_(base[number - row])


@dataclass(frozen=True)
class WeightedSum:
    """A weighted sum of deltas, computed part by part."""

    members: Sequence[tuple[Delta, float]]

    def fill(self, part: torch.Tensor, row: int, column: int, base: torch.Tensor) -> None:
        """Add up the members' parts."""
        (first, weight), *others = self.members
        first.fill(part, row, column, base)
        part.mul_(weight)
        for delta, factor in others:
            other = torch.empty_like(part)
            delta.fill(other, row, column, base)
            part.add_(other, alpha=factor)


def whole(delta: Delta, base: Callable[[], torch.Tensor]) -> torch.Tensor:
    """A delta as a float32 matrix.

    Args:
        delta: any delta.
        base: reads the base's weight as a matrix; called only if the delta depends on it.
    """
    if isinstance(delta, LowRank):
        return delta.factors.b @ delta.factors.a
    weight = base().float()
    matrix = torch.empty_like(weight)
    delta.fill(matrix, 0, 0, weight)
    return matrix
