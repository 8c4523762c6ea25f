"""Pad a model's feed-forward layers with zeros to a whole number of quantization groups per GPU.

A channel whose gate, up and down weights are all zero contributes nothing to the output, so the padded model computes
the same function. Qwen2-72B needs padding: its width of 29568 = 231 x 128 cannot be split over 2, 4 or 8 GPUs in whole
groups of 128.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch

from shoptune.artifacts.publish import require_space
from shoptune.checkpoints.checkpoint import INDEX, Checkpoint, read_json
from shoptune.checkpoints.tensor_file import TensorFileWriter, TensorSpec, read_rows, writing
from shoptune.quantize.source import FUSED_ROWS, WIDENED_COLUMNS, WIDENED_ROWS, layers_in, padded_shape
from shoptune.quantize.widths import INTERMEDIATE_SIZE, intermediate_size
from shoptune.runtime.progress import Bar

_BLOCK_BYTES = 1 << 25


def pad_checkpoint(checkpoint: Checkpoint, width: int, directory: Path, progress: Bar) -> None:
    """Write a copy of a checkpoint whose feed-forward layers are `width` wide.

    Args:
        checkpoint: a model of the Llama family, such as Qwen2, with gate, up and down projections.
        width: the new width, at least the current one.
        directory: the folder to write the copy to.
        progress: advanced by the number of bytes read.

    Raises:
        ShoptuneError: the model has no such layers, a tensor does not have the width given in config.json, or there is
            not enough disk space.
    """
    old = intermediate_size(checkpoint)
    shapes = {spec.name: padded_shape(spec, old, width) for spec in checkpoint.tensors.values()}
    sizes = (math.prod(shapes[spec.name]) * spec.dtype.itemsize for spec in checkpoint.tensors.values())
    require_space(directory, sum(sizes))
    for shard in checkpoint.shards:
        specs = [spec for spec in checkpoint.tensors.values() if spec.file == shard]
        layout = [(spec.name, spec.dtype, shapes[spec.name]) for spec in specs]
        with writing(directory / shard.name, layout) as writer:
            for spec in specs:
                _copy_padded(spec, width, writer)
                progress.advance(spec.nbytes)
    checkpoint.copy_side_files(directory, but=["config.json"])
    settings = {**checkpoint.config, INTERMEDIATE_SIZE: width}
    (directory / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if (checkpoint.path / INDEX).is_file():
        _write_index(checkpoint, directory, old, width)


def _copy_padded(spec: TensorSpec, width: int, writer: TensorFileWriter) -> None:
    """Copy a tensor in blocks of rows. Added rows are not written, since the file is already zero there."""
    for number, layer in enumerate(layers_in(spec)):
        for first, last in layer.runs_of_rows(_BLOCK_BYTES):
            block = read_rows(layer, first, last)
            if spec.name.endswith(WIDENED_COLUMNS):
                block = torch.nn.functional.pad(block, (0, width - block.shape[1]))
            writer.write_rows(spec.name, number * width + first, block)


def _write_index(checkpoint: Checkpoint, directory: Path, old: int, width: int) -> None:
    index = dict(read_json(checkpoint.path / INDEX))
    added = sum(
        spec.nbytes // old * (width - old)
        for spec in checkpoint.tensors.values()
        if spec.name.endswith((*WIDENED_ROWS, *WIDENED_COLUMNS, *FUSED_ROWS))
    )
    total = sum(spec.nbytes for spec in checkpoint.tensors.values()) + added
    (directory / INDEX).write_text(
        json.dumps({**index, "metadata": {"total_size": total}}, indent=2) + "\n", encoding="utf-8"
    )
