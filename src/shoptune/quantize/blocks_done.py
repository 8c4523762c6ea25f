"""The progress of a quantize run, for resuming it: the finished 4-bit blocks, and the inputs of the next block."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import torch

from shoptune.artifacts.publish import require_space, write_atomically
from shoptune.checkpoints.tensor_file import TensorSpec, read_header, read_rows, writing
from shoptune.quantize.source import PaddedSource, write_index

_SHARD_BYTES = 5 * 10**9


class BlocksDone:
    """Finished transformer blocks in a folder, which remain there if the process is killed.

    Block `n` is finished if `block-n.done` exists. It is written after the block's weights and the inputs of block
    `n + 1`.

    Args:
        directory: the folder.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def count(self) -> int:
        """The number of finished blocks, counted from the first."""
        number = 0
        while self._done(number).is_file():
            number += 1
        return number

    def inputs(self) -> torch.Tensor:
        """Read the inputs of the next block, shape (samples, tokens, hidden)."""
        return read_rows(read_header(self._inputs(self.count))[0])

    def finish(self, weights: Mapping[str, torch.Tensor], inputs: torch.Tensor) -> None:
        """Save the weights of the next block, and the inputs of the block after it."""
        number = self.count
        _save(self._weights(number), weights)
        _save(self._inputs(number + 1), {"inputs": inputs})
        write_atomically(self._done(number), json.dumps({"tensors": len(weights)}) + "\n")
        self._inputs(number).unlink(missing_ok=True)

    def assemble(self, source: PaddedSource, directory: Path) -> None:
        """Write a checkpoint of the finished blocks and the other tensors of the source, in shards of up to 5 GB.

        Raises:
            ShoptuneError: there is not enough disk space.
        """
        specs: list[TensorSpec] = [source.checkpoint.tensors[name] for name in source.outside_blocks()]
        for number in range(self.count):
            specs += read_header(self._weights(number))
        require_space(directory, sum(spec.nbytes for spec in specs))
        shards = _shards(specs)
        names = ["model.safetensors"]
        if len(shards) > 1:
            names = [f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
        for name, members in zip(names, shards, strict=True):
            with writing(directory / name, [(spec.name, spec.dtype, spec.shape) for spec in members]) as writer:
                for spec in members:
                    writer.write_rows(spec.name, 0, read_rows(spec))
        if len(shards) > 1:
            files = {spec.name: name for name, members in zip(names, shards, strict=True) for spec in members}
            write_index(directory, files, sum(spec.nbytes for spec in specs))

    def _weights(self, number: int) -> Path:
        return self._directory / f"block-{number:05}.safetensors"

    def _inputs(self, number: int) -> Path:
        return self._directory / f"inputs-{number:05}.safetensors"

    def _done(self, number: int) -> Path:
        return self._directory / f"block-{number:05}.done"


def _shards(specs: list[TensorSpec]) -> list[list[TensorSpec]]:
    """Group tensors, in order, into shards of at most `_SHARD_BYTES`."""
    shards: list[list[TensorSpec]] = [[]]
    size = 0
    for spec in specs:
        if shards[-1] and size + spec.nbytes > _SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append(spec)
        size += spec.nbytes
    return shards


def _save(file: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors atomically, so that the file is either complete or missing."""
    staging = file.with_suffix(".partial")
    layout = [(name, tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()]
    require_space(file.parent, sum(math.prod(shape) * dtype.itemsize for _, dtype, shape in layout))
    with writing(staging, layout) as writer:
        for name, tensor in tensors.items():
            writer.write_rows(name, 0, tensor.detach().cpu())
    staging.replace(file)
