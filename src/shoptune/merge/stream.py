"""Write a merged checkpoint in blocks of rows: reading ahead and writing behind the arithmetic."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.checkpoint import INDEX, Checkpoint
from shoptune.errors import fail
from shoptune.merge.addition import Adder
from shoptune.merge.certificate import Certificate, Tally
from shoptune.merge.delta import Delta
from shoptune.progress import Bar
from shoptune.tensor_file import TensorFileWriter, TensorSpec, writing

_BLOCK_ELEMENTS = 1 << 22  # 8 MiB of bfloat16, 16 MiB of float32
_MOST_WORKERS = 8  # past this the disk is what a merge waits for

# A block's new rows, and what rounding left of its delta.
_Merged = tuple[torch.Tensor, Tally | None]

# Gives rows of a tensor of the base, in the memory that it is given or its own; called in the order of the rows, from a
# thread that reads ahead.
Read = Callable[[TensorSpec, int, int, memoryview], torch.Tensor]


@dataclass(frozen=True)
class _Block:
    """A run of rows of one tensor."""

    spec: TensorSpec
    first: int
    last: int

    @property
    def entries(self) -> int:
        """How many numbers it holds."""
        return (self.last - self.first) * (self.spec.row_bytes // self.spec.dtype.itemsize)


@dataclass(frozen=True)
class _Desk:
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
        return (
            torch.frombuffer(self.written, dtype=dtype, count=entries).view(tuple(shape))
            if entries
            else torch.empty(shape, dtype=dtype)
        )


@dataclass(frozen=True)
class Output:
    """Where a merge goes, and what it leaves besides.

    Attributes:
        directory: for the shards and their index.
        dtype: element type of the merged weights; tensors of integers keep theirs.
        certificate: gets the tally of every changed weight.
        sha256: gets the digest of every shard.
        progress: advanced by the bytes read.
    """

    directory: Path
    dtype: torch.dtype
    certificate: Certificate
    sha256: dict[str, str]
    progress: Bar

    def type_of(self, spec: TensorSpec) -> torch.dtype:
        """The element type that a tensor is written in."""
        return self.dtype if spec.dtype.is_floating_point else spec.dtype


def write_merged(base: Checkpoint, read: Read, delta: Callable[[str], Delta | None], output: Output) -> None:
    """Write `base + delta` with the base's shard layout.

    Memory holds a few blocks a core and one tensor's delta, whatever the size of the model.

    Args:
        base: the checkpoint to add to.
        read: gives its rows.
        delta: what to add to a tensor, or None to leave it alone; asked once a tensor, in order.
        output: where to.

    Raises:
        ShoptuneError: a number in the base is not finite, or one in the result does not fit the output type.
    """
    for shard in base.shards:
        specs = [spec for spec in base.tensors.values() if spec.file == shard]
        layout = [(spec.name, output.type_of(spec), spec.shape) for spec in specs]
        with writing(output.directory / shard.name, layout) as writer:
            _write_shard(specs, read, delta, writer, output)
        if writer.sha256:
            output.sha256[shard.name] = writer.sha256
    if (base.path / INDEX).is_file():
        _write_index(base, output)


def _write_shard(
    specs: Sequence[TensorSpec],
    read: Read,
    delta: Callable[[str], Delta | None],
    writer: TensorFileWriter,
    output: Output,
) -> None:
    workers = min(_MOST_WORKERS, len(os.sched_getaffinity(0)))
    with (
        ThreadPoolExecutor(1) as reader,
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
        ThreadPoolExecutor(1) as behind,
    ):
        waiting: deque[tuple[_Block, Future[_Merged]]] = deque()
        written: Future[None] | None = None
        change: Delta | None = None
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
            output.progress.advance((block.last - block.first) * block.spec.row_bytes)

        # A block is being read, as many are added to as there are workers, one waits, one is being written.
        desks = _desks(workers + 3, specs, output)
        for block, rows, desk in _read_ahead(specs, read, reader, desks):
            if block.first == 0:
                change = delta(block.spec.name)
            result = desk.result(rows.shape, output.type_of(block.spec))
            waiting.append((block, pool.submit(_merge_block, block, rows, change, result, adder)))
            if len(waiting) > workers:
                write_oldest()
        while waiting:
            write_oldest()
        if written:
            written.result()


def _merge_block(
    block: _Block, rows: torch.Tensor, change: Delta | None, result: torch.Tensor, adder: Adder
) -> _Merged:
    """Arithmetic of one block on one core: blocks are worked on side by side, and come out the same on any machine."""
    if not rows.dtype.is_floating_point:
        return rows, None
    if change is None:
        merged = rows if rows.dtype == result.dtype else result.copy_(rows)
        if not torch.isfinite(merged.sum(dtype=torch.float32)):
            _refuse(block, rows, merged)
        return merged, None
    counts = adder.add(rows, change, block.first, result)
    if not math.isfinite(counts.lost):
        added = torch.empty(rows.shape)
        change.fill(added, block.first, 0)
        _refuse(block, rows.float() + added, result)
    return result, counts


def _refuse(block: _Block, exact: torch.Tensor, merged: torch.Tensor) -> None:
    """Raise for numbers that are not finite; a sum may also overflow of many large but finite numbers."""
    file, name = block.spec.file, block.spec.name
    if not torch.isfinite(exact).all():
        raise fail(file, name, "the base holds NaN or infinity", "use another base")
    overflowed = int(torch.isinf(merged).sum())
    if overflowed:
        raise fail(file, name, f"{overflowed} values do not fit {merged.dtype}", "merge with dtype: bfloat16")


def _read_ahead(
    specs: Sequence[TensorSpec], read: Read, reader: ThreadPoolExecutor, desks: Iterator[_Desk]
) -> Iterator[tuple[_Block, torch.Tensor, _Desk]]:
    """Blocks with their rows, the next one being read while the last one is worked on."""
    pending: tuple[_Block, Future[torch.Tensor], _Desk] | None = None
    for block, desk in zip((block for spec in specs for block in _blocks(spec)), desks, strict=False):
        following = block, reader.submit(read, block.spec, block.first, block.last, desk.read), desk
        if pending:
            yield pending[0], pending[1].result(), pending[2]
        pending = following
    if pending:
        yield pending[0], pending[1].result(), pending[2]


def _blocks(spec: TensorSpec) -> Iterator[_Block]:
    rows = spec.shape[0] if spec.shape else 1
    columns = max(1, spec.row_bytes // spec.dtype.itemsize)
    step = max(1, _BLOCK_ELEMENTS // columns)
    for first in range(0, rows, step):
        yield _Block(spec, first, min(rows, first + step))


def _desks(count: int, specs: Sequence[TensorSpec], output: Output) -> Iterator[_Desk]:
    """The same few desks in turn: blocks are read, merged and written in one order."""
    blocks = [block for spec in specs for block in _blocks(spec)]
    read = max((block.entries * block.spec.dtype.itemsize for block in blocks), default=0)
    written = max((block.entries * output.type_of(block.spec).itemsize for block in blocks), default=0)
    return itertools.cycle([_Desk(memoryview(bytearray(read)), memoryview(bytearray(written))) for _ in range(count)])


def _write_index(base: Checkpoint, output: Output) -> None:
    weight_map = {name: spec.file.name for name, spec in base.tensors.items()}
    size = sum(spec.nbytes // spec.dtype.itemsize * output.type_of(spec).itemsize for spec in base.tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (output.directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
