"""The changes that a member of an ensemble makes to a weight: where they are stored, and how they become a delta."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from shoptune.checkpoints.tensor_file import TensorSpec, mapped, read_rows
from shoptune.errors import fail
from shoptune.merge.delta import Delta, LowRank, Replaced, ReplacedRows, Rescaled
from shoptune.merge.factors import Factors

# Reads a weight of the base as a matrix, in its own element type.
ReadBase = Callable[[], torch.Tensor]

_BLOCK_ROWS = 1024


class Change(Protocol):
    """How a member changes one weight; nothing is read before the weight is merged."""

    def load(self, base: ReadBase) -> Delta:
        """The delta.

        Raises:
            ShoptuneError: a number in it is not finite.
        """


@dataclass(frozen=True)
class Member:
    """A member of the ensemble and the weights that it changes, by their names in the base."""

    path: Path
    targets: Mapping[str, Change]


@dataclass(frozen=True)
class LoraChange:
    """A low-rank delta.

    Attributes:
        a: PEFT's first factor, (rank, columns); of an embedding (rank, rows).
        b: PEFT's second factor, (rows, rank); of an embedding (columns, rank).
        scale: alpha over the rank, or over its root.
        is_embedding: PEFT adds the transpose of `B @ A` to an embedding.
    """

    a: TensorSpec
    b: TensorSpec
    scale: float
    is_embedding: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the weight that it changes."""
        rows, columns = self.b.shape[0], self.a.shape[1]
        return (columns, rows) if self.is_embedding else (rows, columns)

    def factors(self) -> Factors:
        """Read both factors in float32 and multiply `b` by the scale.

        Raises:
            ShoptuneError: a number in them is not finite.
        """
        a, b = (_finite(spec) for spec in (self.a, self.b))
        if self.is_embedding:
            a, b = b.T, a.T
        return Factors(a.contiguous(), b * self.scale)

    def load(self, base: ReadBase) -> LowRank:  # noqa: ARG002
        """The factors."""
        return LowRank(self.factors())


@dataclass(frozen=True)
class DoraChange:
    """A low-rank delta whose sum with the base is rescaled to learned norms.

    Attributes:
        lora: the low-rank part.
        magnitude: one learned norm per row; of an embedding, one per column.
    """

    lora: LoraChange
    magnitude: TensorSpec

    def load(self, base: ReadBase) -> Rescaled:
        """Divide the magnitudes by the norms of the base with the low-rank delta."""
        factors, magnitude, weight = self.lora.factors(), _finite(self.magnitude), base()
        squares = []
        for row in range(0, weight.shape[0], _BLOCK_ROWS):
            rows = weight[row : row + _BLOCK_ROWS].float() + factors.b[row : row + _BLOCK_ROWS] @ factors.a
            squares.append(rows.double().square().sum(dim=0 if self.lora.is_embedding else 1))
        if self.lora.is_embedding:
            norms = torch.stack(squares).sum(dim=0).sqrt().view(1, -1)
        else:
            norms = torch.cat(squares).sqrt().view(-1, 1)
        return Rescaled(factors, (magnitude.double().view(norms.shape) / norms).float())


@dataclass(frozen=True)
class WholeChange:
    """A weight that was trained whole, in an adapter (`modules_to_save`) or in a fully tuned checkpoint."""

    weight: TensorSpec

    def load(self, base: ReadBase) -> Replaced:  # noqa: ARG002
        """Map the new weight into memory."""
        return Replaced(as_matrix(mapped(self.weight)))


@dataclass(frozen=True)
class RowsChange:
    """Rows of a weight that were trained: the embeddings of chosen tokens.

    Attributes:
        rows: the new rows.
        numbers: which rows of the weight they are.
    """

    rows: TensorSpec
    numbers: Sequence[int]

    def load(self, base: ReadBase) -> ReplacedRows:  # noqa: ARG002
        """Read the new rows."""
        return ReplacedRows(dict(zip(self.numbers, _finite(self.rows), strict=True)))


def same_when_tied(embedding: Change, output: Change) -> bool:
    """Whether changes of a tied embedding and output layer are the same change, as PEFT keeps tied weights."""
    if isinstance(embedding, LoraChange) and isinstance(output, LoraChange):
        ours, theirs = embedding.factors(), output.factors()
        return torch.equal(ours.a, theirs.a) and torch.equal(ours.b, theirs.b)
    if isinstance(embedding, WholeChange) and isinstance(output, WholeChange):
        return torch.equal(mapped(embedding.weight), mapped(output.weight))
    if isinstance(embedding, RowsChange) and isinstance(output, RowsChange):
        return list(embedding.numbers) == list(output.numbers) and torch.equal(
            read_rows(embedding.rows), read_rows(output.rows)
        )
    return False


def as_matrix(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor as a matrix with the same rows; a vector gets one column, a number is one row."""
    return tensor.reshape(tensor.shape[0] if tensor.dim() else 1, -1)


def _finite(spec: TensorSpec) -> torch.Tensor:
    tensor = read_rows(spec).float()
    if not torch.isfinite(tensor).all():
        raise fail(spec.file, spec.name, "holds NaN or infinity", "train again with a lower learning rate")
    return tensor
