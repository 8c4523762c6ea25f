"""Tensors cut into blocks of rows, and the buffers in which blocks are read and merged."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from shoptune.checkpoints.direct_io import memory_for_reading
from shoptune.checkpoints.tensor_file import TensorSpec

_BLOCK_ENTRIES = 1 << 22  # 8 MiB of bfloat16


@dataclass(frozen=True)
class Block:
    """Consecutive rows of one tensor.

    Attributes:
        spec: the tensor in the base.
        dtype: the element type to write.
        first: the first row.
        last: the row after the last.
    """

    spec: TensorSpec
    dtype: torch.dtype
    first: int
    last: int

    @property
    def nbytes(self) -> int:
        """Its size in the base, in bytes."""
        return (self.last - self.first) * self.spec.row_bytes

    @property
    def written_bytes(self) -> int:
        """Its size after the merge, in bytes."""
        return self.nbytes // self.spec.dtype.itemsize * self.dtype.itemsize


@dataclass(frozen=True)
class BlockBuffers:
    """Buffers for one block, used again and again, since the system zeroes every page of newly allocated memory.

    Attributes:
        read: for the base's rows.
        written: for the merged ones.
    """

    read: memoryview
    written: memoryview

    def result(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """A tensor in the buffer for merged rows."""
        entries = math.prod(shape)
        if not entries:
            return torch.empty(shape, dtype=dtype)
        return torch.frombuffer(self.written, dtype=dtype, count=entries).view(tuple(shape))


def cut(spec: TensorSpec, dtype: torch.dtype) -> Iterator[Block]:
    """A tensor as blocks of whole rows, in order.

    Args:
        spec: the tensor.
        dtype: the element type to write.
    """
    for first, last in spec.runs_of_rows(_BLOCK_ENTRIES * spec.dtype.itemsize):
        yield Block(spec, dtype, first, last)


def block_buffers(blocks: Sequence[Block], count: int) -> Iterator[BlockBuffers]:
    """A few buffers in turn, each large enough for any of the blocks.

    Args:
        blocks: the blocks to process.
        count: how many blocks are in use at the same time.
    """
    read = max((block.nbytes for block in blocks), default=0)
    written = max((block.written_bytes for block in blocks), default=0)
    return itertools.cycle(
        [BlockBuffers(memory_for_reading(read), memoryview(bytearray(written))) for _ in range(count)]
    )
