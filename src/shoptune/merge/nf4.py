"""The base as QLoRA sees it in training: linear layers quantized to NF4 and back by bitsandbytes."""

from __future__ import annotations

import re

import torch

from shoptune.checkpoints.tensor_file import TensorSpec

_BLOCK = 64
# bitsandbytes does not quantize the output layer, embeddings or norms.
_LINEAR = re.compile(r".+\.(?:self_attn|mlp|attention|feed_forward)\..+\.weight|.+_proj\.weight")


def is_quantized_in_training(spec: TensorSpec) -> bool:
    """Whether QLoRA keeps a weight in NF4, as it does with matrices of attention and feed-forward layers."""
    return len(spec.shape) == 2 and _LINEAR.fullmatch(spec.name) is not None  # noqa: PLR2004 - a matrix


def nf4_round_trip(weight: torch.Tensor, source: torch.dtype) -> torch.Tensor:
    """A weight after quantization to NF4 (blocks of 64, double quantization) and back, as training uses it.

    Args:
        weight: rows x columns.
        source: the element type in which training loads the checkpoint; it affects the result.
    """
    from bitsandbytes import functional

    quantized, state = functional.quantize_4bit(
        weight.to(source), blocksize=_BLOCK, compress_statistics=True, quant_type="nf4"
    )
    restored: torch.Tensor = functional.dequantize_4bit(quantized, state)
    return restored
