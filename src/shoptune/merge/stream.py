"""Write a merged checkpoint in blocks of rows, with reading, arithmetic and writing in parallel."""

from __future__ import annotations

import json
import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.artifacts.publish import require_space
from shoptune.checkpoints.checkpoint import INDEX, Checkpoint
from shoptune.checkpoints.tensor_file import TensorFileWriter, TensorSpec, writing
from shoptune.errors import fail
from shoptune.merge.addition import Adder, count_overflowed
from shoptune.merge.blocks import Block, BlockBuffers, block_buffers, cut
from shoptune.merge.certificate import Certificate, RoundingStatistics
from shoptune.merge.changes import as_matrix
from shoptune.merge.delta import Delta
from shoptune.runtime.progress import Bar

_MOST_WORKERS = 8  # with more, a merge is I/O-bound
_AHEAD = 4  # blocks that are read ahead of the workers

# Reads rows of a tensor of the base, into the given memory or its own; called in the order of the rows from one thread.
Read = Callable[[TensorSpec, int, int, memoryview], torch.Tensor]

# The merged rows of a block, and what rounding lost of its delta.
_Merged = tuple[torch.Tensor, RoundingStatistics | None]


@dataclass(frozen=True)
class Output:
    """Where a merge is written, and what is collected on the way.

    Attributes:
        directory: for the shards and their index.
        dtype: element type of the merged weights; tensors of integers keep theirs.
        certificate: gets the rounding of every changed weight.
        progress: advanced by the bytes read.
    """

    directory: Path
    dtype: torch.dtype
    certificate: Certificate
    progress: Bar

    def type_of(self, spec: TensorSpec) -> torch.dtype:
        """The element type in which a tensor is written."""
        return self.dtype if spec.dtype.is_floating_point else spec.dtype

    def bytes_of(self, spec: TensorSpec) -> int:
        """The size of a tensor as written, in bytes."""
        return math.prod(spec.shape) * self.type_of(spec).itemsize


def write_merged(base: Checkpoint, read: Read, delta: Callable[[str], Delta | None], output: Output) -> dict[str, str]:
    """Write `base + delta` with the base's shard layout.

    Memory use is a few blocks per core and the delta of one tensor, independent of the model's size.

    Args:
        base: the checkpoint to add to.
        read: gives its rows.
        delta: gives what to add to a tensor, or None; called once per tensor, in order.
        output: where to.

    Returns:
        The SHA-256 digest of every shard, by file name.

    Raises:
        ShoptuneError: the disk is too small, a value in the base is not finite, or one in the result does not fit the
            output type.
    """
    require_space(output.directory, sum(map(output.bytes_of, base.tensors.values())))
    sha256 = {}
    for shard in base.shards:
        specs = [spec for spec in base.tensors.values() if spec.file == shard]
        layout = [(spec.name, output.type_of(spec), spec.shape) for spec in specs]
        blocks = [block for spec in specs for block in cut(spec, output.type_of(spec))]
        with writing(output.directory / shard.name, layout) as writer:
            _write_blocks(blocks, read, delta, writer, output)
        sha256[shard.name] = writer.sha256
    if (base.path / INDEX).is_file():
        _write_index(base, output)
    return sha256


def _write_blocks(
    blocks: Sequence[Block],
    read: Read,
    delta: Callable[[str], Delta | None],
    writer: TensorFileWriter,
    output: Output,
) -> None:
    workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
    with (
        ThreadPoolExecutor(1) as reader,
        ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as loader,
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
        ThreadPoolExecutor(1) as behind,
    ):
        waiting: deque[tuple[Block, Future[_Merged]]] = deque()
        written: Future[None] | None = None
        change: Future[Delta | None] = Future()
        adder = Adder()

        def write_oldest() -> None:
            nonlocal written
            block, future = waiting.popleft()
            merged, counts = future.result()
            if counts:
                output.certificate.record(block.spec.name, counts)
            if written:
                written.result()
            written = behind.submit(writer.write_rows, block.spec.name, block.first, merged)
            output.progress.advance(block.nbytes)

        # At any time, some blocks are being read ahead, one per worker is being merged, and one is being written.
        for block, buffers in zip(blocks, block_buffers(blocks, workers + _AHEAD + 2), strict=False):
            if block.first == 0:
                change = loader.submit(delta, block.spec.name)
            rows = reader.submit(read, block.spec, block.first, block.last, buffers.read)
            waiting.append((block, pool.submit(_merge_block, block, rows, change, buffers, adder)))
            if len(waiting) > workers + _AHEAD:
                write_oldest()
        while waiting:
            write_oldest()
        if written:
            written.result()


def _merge_block(
    block: Block, reading: Future[torch.Tensor], changing: Future[Delta | None], buffers: BlockBuffers, adder: Adder
) -> _Merged:
    """Merge one block on one core; the result does not depend on the number of cores."""
    rows, change = reading.result(), changing.result()
    if not rows.dtype.is_floating_point:
        return rows, None
    if change is None:
        merged = rows if rows.dtype == block.dtype else buffers.result(rows.shape, block.dtype).copy_(rows)
        if not torch.isfinite(merged.sum(dtype=torch.float32)):
            _refuse(block, rows, count_overflowed(rows, merged))
        return merged, None
    merged = buffers.result(rows.shape, block.dtype)
    counts = adder.add(as_matrix(rows), change, block.first, as_matrix(merged))
    if not math.isfinite(counts.lost):
        _refuse(block, rows, counts.overflowed, change)
    return merged, counts


def _refuse(block: Block, rows: torch.Tensor, overflowed: int, change: Delta | None = None) -> None:
    """Raise for values that are not finite; the caller checks sums, which may overflow with finite values too."""
    file, name = block.spec.file, block.spec.name
    if not torch.isfinite(rows).all():
        raise fail(file, name, "the base holds NaN or infinity", "use another base")
    if change is not None:
        base = as_matrix(rows).float()
        part = torch.empty_like(base)
        change.fill(part, block.first, 0, base)
        if not torch.isfinite(part).all():
            what = "a member changes it to NaN or infinity"
            raise fail(file, name, what, "train the member again with a lower learning rate")
    if overflowed:
        raise fail(file, name, f"{overflowed} values do not fit {block.dtype}", "merge with dtype: bfloat16")


def _write_index(base: Checkpoint, output: Output) -> None:
    weight_map = {name: spec.file.name for name, spec in base.tensors.items()}
    size = sum(map(output.bytes_of, base.tensors.values()))
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (output.directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
