"""Dequantization of 4-bit weights, compared with numbers packed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.checkpoints.dequantize import dequantized_tensors
from shoptune.errors import ShoptuneError


def _word(numbers: list[int]) -> int:
    """Pack eight 4-bit numbers into one signed word, the first in the lowest bits."""
    word = sum(number << 4 * place for place, number in enumerate(numbers))
    return word - (1 << 32) if word >= 1 << 31 else word


def _checkpoint(folder: Path, tensors: dict[str, torch.Tensor], **settings: object) -> Checkpoint:
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"quantization_config": settings}))
    return Checkpoint(folder)


def test_awq(tmp_path: Path) -> None:
    # Two columns (inputs) in one group, eight rows. AWQ stores rows 0, 2, 4, 6, 1, 3, 5, 7 of a column in a word.
    tensors = {
        "up.qweight": torch.tensor([[_word([0, 2, 4, 6, 1, 3, 5, 7])], [_word([15] * 8)]], dtype=torch.int32),
        "up.qzeros": torch.tensor([[_word([8] * 8)]], dtype=torch.int32),
        "up.scales": torch.full((1, 8), 0.5, dtype=torch.float16),
        "norm.weight": torch.ones(2),
    }
    found = dict(dequantized_tensors(_checkpoint(tmp_path, tensors, quant_method="awq", version="gemm")))
    assert found.keys() == {"up.weight", "norm.weight"}
    assert found["up.weight"].tolist() == [[(row - 8) / 2, 3.5] for row in range(8)]


def test_compressed_tensors(tmp_path: Path) -> None:
    # One row of sixteen columns in two groups; -8 to 7 are stored as 0 to 15.
    tensors = {
        "up.weight_packed": torch.tensor([[_word(list(range(8))), _word(list(range(8, 16)))]], dtype=torch.int32),
        "up.weight_scale": torch.tensor([[2.0, 0.25]]),
        "up.weight_shape": torch.tensor([1, 16]),
    }
    settings = {"quant_method": "compressed-tensors", "format": "pack-quantized"}
    found = dict(dequantized_tensors(_checkpoint(tmp_path, tensors, **settings)))
    assert found["up.weight"].tolist() == [[-16, -14, -12, -10, -8, -6, -4, -2, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]]


def test_another_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShoptuneError, match="has the quantization method 'fp8', which cannot be read back"):
        list(dequantized_tensors(_checkpoint(tmp_path, {"w": torch.ones(1)}, quant_method="fp8")))
