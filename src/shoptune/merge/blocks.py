"""Tensors cut into runs of rows, and the memory that such blocks are read into and merged in."""

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
    """A run of rows of one tensor.

    Attributes:
        spec: the tensor in the base.
        dtype: the element type that it is written in.
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
    """Memory for one block: new memory for each would have to be found and zeroed by the system, page by page.

    Attributes:
        read: for the base's rows.
        written: for the merged ones.
    """

    read: memoryview
    written: memoryview

    def result(self, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """A tensor in the memory for merged rows."""
        entries = math.prod(shape)
        if not entries:
            return torch.empty(shape, dtype=dtype)
        return torch.frombuffer(self.written, dtype=dtype, count=entries).view(tuple(shape))


def cut(spec: TensorSpec, dtype: torch.dtype) -> Iterator[Block]:
    """A tensor as blocks of whole rows, in their order.

    Args:
        spec: the tensor.
        dtype: the element type that it is written in.
    """
    for first, last in spec.runs_of_rows(_BLOCK_ENTRIES * spec.dtype.itemsize):
        yield Block(spec, dtype, first, last)


def block_buffers(blocks: Sequence[Block], count: int) -> Iterator[BlockBuffers]:
    """The same few block_buffers in turn, each large enough for any of the blocks.

    Args:
        blocks: what is to be worked on, in this order.
        count: how many blocks are worked on at once.
    """
    read = max((block.nbytes for block in blocks), default=0)
    written = max((block.written_bytes for block in blocks), default=0)
    return itertools.cycle(
        [BlockBuffers(memory_for_reading(read), memoryview(bytearray(written))) for _ in range(count)]
    )
