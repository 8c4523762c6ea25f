"""4-bit weights as floating-point numbers: AWQ's GEMM layout and compressed-tensors' packed layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.tensor_file import read_rows
from shoptune.errors import fail

_BITS, _PER_WORD = 4, 8
_AWQ_ORDER = (0, 4, 1, 5, 2, 6, 3, 7)  # AWQ interleaves the eight columns of a word
_MIDDLE = 8  # compressed-tensors stores -8 to 7 as 0 to 15


def dequantized_tensors(checkpoint: Checkpoint) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a 4-bit checkpoint by the name that it has in 16 bits; packed weights in float32.

    Raises:
        ShoptuneError: the weights are quantized in another way.
    """
    settings = checkpoint.config.get("quantization_config") or {}
    method = settings.get("quant_method")
    if method == "awq" and settings.get("version") == "gemm":
        yield from _tensors(checkpoint, ".qweight", (".qweight", ".qzeros", ".scales"), _from_awq)
    elif method == "compressed-tensors" and settings.get("format") == "pack-quantized":
        yield from _tensors(
            checkpoint, ".weight_packed", (".weight_packed", ".weight_scale", ".weight_shape"), _from_packed
        )
    else:
        file = checkpoint.path / "config.json"
        what = f"has the quantization method {method!r}, which cannot be read back"
        raise fail(file, "quantization_config", what, "quantize with autoawq or llm-compressor")


def _tensors(
    checkpoint: Checkpoint, mark: str, parts: tuple[str, ...], restore: Callable[..., torch.Tensor]
) -> Iterator[tuple[str, torch.Tensor]]:
    for name, spec in checkpoint.tensors.items():
        if name.endswith(mark):
            stem = name.removesuffix(mark)
            weight = restore(*(read_rows(checkpoint.tensors[stem + part]) for part in parts))
            yield f"{stem}.weight", weight
        elif not name.endswith((*parts, ".weight_zero_point", ".weight_g_idx")):
            yield name, read_rows(spec)


def _from_awq(packed: torch.Tensor, zeros: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """(rows, columns) from words of (columns, rows / 8), zero points and scales of (groups, rows)."""
    weights, points = (_words(tensor)[..., list(_AWQ_ORDER)].flatten(1) for tensor in (packed, zeros))
    group = len(weights) // len(scales)
    points, steps = (each.repeat_interleave(group, dim=0) for each in (points, scales.float()))
    return ((weights - points) * steps).T.contiguous()


def _from_packed(packed: torch.Tensor, scales: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    """(rows, columns) from words of (rows, columns / 8) and scales of (rows, groups)."""
    rows, columns = shape.tolist()
    weights = _words(packed).flatten(1)[:rows, :columns] - _MIDDLE
    return weights * scales.float().repeat_interleave(columns // scales.shape[1], dim=1)


def _words(tensor: torch.Tensor) -> torch.Tensor:
    """The eight numbers in each word, from the lowest bits, along a new last axis."""
    shifts = torch.arange(0, _BITS * _PER_WORD, _BITS, dtype=torch.int32)
    words: torch.Tensor = (tensor.unsqueeze(-1) >> shifts) & (2**_BITS - 1)
    return words
