"""A checkpoint whose feed-forward layers are padded with zeros while they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from shoptune.checkpoints.checkpoint import INDEX, Checkpoint
from shoptune.checkpoints.tensor_file import TensorSpec, read_rows
from shoptune.errors import fail
from shoptune.quantize.widths import INTERMEDIATE_SIZE, intermediate_size

WIDENED_ROWS = (".mlp.gate_proj.weight", ".mlp.up_proj.weight")
WIDENED_COLUMNS = (".mlp.down_proj.weight",)
FUSED_ROWS = (".mlp.gate_up_proj.weight",)  # gate above up, as in Phi-3


@dataclass(frozen=True)
class PaddedSource:
    """The padded model as read by a quantizer engine: one tensor at a time, so that one block in memory is enough.

    Attributes:
        checkpoint: a model of the Llama family, such as Qwen2, with gate, up and down projections.
        width: the width of its feed-forward layers after padding, at least the current one.
    """

    checkpoint: Checkpoint
    width: int

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The content of config.json, with the padded width."""
        return {**self.checkpoint.config, INTERMEDIATE_SIZE: self.width}

    @cached_property
    def names(self) -> list[str]:
        """The names of all tensors, in the order of the checkpoint, without a tied output layer."""
        tied = {"lm_head.weight"} if self.checkpoint.ties_embeddings else set()
        return [name for name in self.checkpoint.tensors if name not in tied]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the padded shape of a tensor.

        Raises:
            ShoptuneError: the tensor does not have the width given in config.json.
        """
        return padded_shape(self.checkpoint.tensors[name], intermediate_size(self.checkpoint), self.width)

    def read(self, name: str) -> torch.Tensor:
        """Read a tensor and pad it, in the checkpoint's element type.

        Raises:
            ShoptuneError: the tensor does not have the width given in config.json, or contains NaN or infinity.
        """
        spec, shape = self.checkpoint.tensors[name], self.shape(name)
        layers = [read_rows(layer) for layer in layers_in(spec)]
        tensor = torch.cat(layers) if len(layers) > 1 else layers[0]
        if tensor.dtype.is_floating_point and not torch.isfinite(tensor).all():
            raise fail(spec.file, name, "contains NaN or infinity", "merge again, and check the merge report")
        if tensor.shape == shape:
            return tensor
        rows, columns = (new - old for new, old in zip(shape, tensor.shape, strict=True))
        padding = (0, columns, 0, rows // len(layers))
        return torch.cat([torch.nn.functional.pad(layer, padding) for layer in layers])

    def block(self, number: int) -> Iterator[str]:
        """Return the names of the tensors of one transformer block."""
        return (name for name in self.names if f".layers.{number}." in name)

    def outside_blocks(self) -> list[str]:
        """Return the names of the other tensors: embeddings, the last norm, the output layer."""
        return [name for name in self.names if ".layers." not in name]

    def copy_side_files(self, directory: Path, *, but: Iterable[str] = ()) -> None:
        """Copy the tokenizer and other side files, byte for byte."""
        self.checkpoint.copy_side_files(directory, but=but)


def padded_shape(spec: TensorSpec, old: int, width: int) -> tuple[int, ...]:
    """Return the shape of a tensor after padding the model's feed-forward layers to `width`.

    Raises:
        ShoptuneError: the tensor's width is not `old` where it should be.
    """
    parts = len(layers_in(spec))
    if not spec.name.endswith((*WIDENED_ROWS, *WIDENED_COLUMNS, *FUSED_ROWS)):
        return spec.shape
    axis = 1 if spec.name.endswith(WIDENED_COLUMNS) else 0
    if spec.shape[axis] != old * parts:
        what = f"is {spec.shape[axis] // parts} wide, but intermediate_size in config.json is {old}"
        raise fail(spec.file, spec.name, what, "restore the checkpoint's original config.json")
    return tuple(width * parts if number == axis else size for number, size in enumerate(spec.shape))


def layers_in(spec: TensorSpec) -> list[TensorSpec]:
    """The layers that a tensor holds: two if gate and up layers are fused, else itself."""
    if not spec.name.endswith(FUSED_ROWS):
        return [spec]
    height = spec.rows // 2
    halves = (spec.offset, spec.offset + height * spec.row_bytes)
    return [replace(spec, shape=(height, *spec.shape[1:]), offset=offset) for offset in halves]


def write_index(directory: Path, files: Mapping[str, str], size: int) -> None:
    """Write the index of a checkpoint that consists of several files.

    Args:
        directory: the folder of the checkpoint.
        files: the file of each tensor.
        size: the total size of all tensors, in bytes.
    """
    index = {"metadata": {"total_size": size}, "weight_map": dict(files)}
    (directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
