"""Write a merged checkpoint tensor by tensor, in blocks of rows: reading ahead and writing behind the arithmetic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from shoptune.checkpoint import INDEX, Checkpoint
from shoptune.errors import fail
from shoptune.merge.delta import add_delta, cast
from shoptune.merge.lora import Factors
from shoptune.progress import Bar
from shoptune.tensor_file import TensorFileWriter, TensorSpec, read_rows, writing

_BLOCK_ELEMENTS = 1 << 23  # 16 MiB of bfloat16, 32 MiB of float32


@dataclass(frozen=True)
class _Block:
    """A run of rows of one tensor."""

    spec: TensorSpec
    first: int
    last: int


def write_merged(
    base: Checkpoint,
    delta: Callable[[str], Factors | None],
    directory: Path,
    dtype: torch.dtype,
    progress: Bar,
) -> None:
    """Write `base + delta` with the base's shard layout; float tensors become `dtype`, others stay as they are.

    Memory holds three blocks and one tensor's factors, whatever the size of the model.

    Args:
        base: the checkpoint to add to.
        delta: the factors to add to a tensor, or None to leave it alone; asked once a tensor, in order.
        directory: where the shards and their index go.
        dtype: element type of the merged weights.
        progress: advanced by the bytes read.

    Raises:
        ShoptuneError: a number in the base or in the result is not finite.
    """
    for shard in base.shards:
        specs = [spec for spec in base.tensors.values() if spec.file == shard]
        layout = [(spec.name, _output_type(spec, dtype), spec.shape) for spec in specs]
        with writing(directory / shard.name, layout) as writer:
            _write_shard(specs, delta, writer, dtype, progress)
    if (base.path / INDEX).is_file():
        _write_index(base, directory, dtype)


def _write_shard(
    specs: Sequence[TensorSpec],
    delta: Callable[[str], Factors | None],
    writer: TensorFileWriter,
    dtype: torch.dtype,
    progress: Bar,
) -> None:
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as behind:
        written: Future[None] | None = None
        factors: Factors | None = None
        for block, rows in _read_ahead(specs, reader):
            if block.first == 0:
                factors = delta(block.spec.name)
            merged = _merge_block(block, rows, factors, _output_type(block.spec, dtype))
            if written:
                written.result()
            written = behind.submit(writer.write_rows, block.spec.name, block.first, merged)
            progress.advance((block.last - block.first) * block.spec.row_bytes)
        if written:
            written.result()


def _merge_block(block: _Block, rows: torch.Tensor, factors: Factors | None, dtype: torch.dtype) -> torch.Tensor:
    if factors is None and rows.dtype == dtype:
        return rows
    values = rows.float() if factors is None else add_delta(rows, factors, block.first)
    merged, overflowed = cast(values, dtype)
    if overflowed or not torch.isfinite(merged).all():
        what = f"{overflowed} values do not fit float16" if overflowed else "the base holds NaN or infinity"
        raise fail(block.spec.file, block.spec.name, what, "merge with dtype: bfloat16, or use another base")
    return merged


def _read_ahead(specs: Sequence[TensorSpec], reader: ThreadPoolExecutor) -> Iterator[tuple[_Block, torch.Tensor]]:
    """Blocks with their rows, the next one being read while the last one is worked on."""
    pending: tuple[_Block, Future[torch.Tensor]] | None = None
    for block in (block for spec in specs for block in _blocks(spec)):
        following = block, reader.submit(read_rows, block.spec, block.first, block.last)
        if pending:
            yield pending[0], pending[1].result()
        pending = following
    if pending:
        yield pending[0], pending[1].result()


def _blocks(spec: TensorSpec) -> Iterator[_Block]:
    rows = spec.shape[0] if spec.shape else 1
    columns = max(1, spec.row_bytes // spec.dtype.itemsize)
    step = max(1, _BLOCK_ELEMENTS // columns)
    for first in range(0, rows, step):
        yield _Block(spec, first, min(rows, first + step))


def _output_type(spec: TensorSpec, dtype: torch.dtype) -> torch.dtype:
    return dtype if spec.dtype.is_floating_point else spec.dtype


def _write_index(base: Checkpoint, directory: Path, dtype: torch.dtype) -> None:
    weight_map: Mapping[str, str] = {name: spec.file.name for name, spec in base.tensors.items()}
    size = sum(
        spec.nbytes // spec.dtype.itemsize * _output_type(spec, dtype).itemsize for spec in base.tensors.values()
    )
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
