"""Checks, from config.json alone, whether the widths of a model's layers are whole numbers of quantization groups."""

from __future__ import annotations

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.errors import fail

INTERMEDIATE_SIZE = "intermediate_size"
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


def padded_width(width: int, group_size: int, tensor_parallel: int) -> int:
    """Return the smallest width, at least `width`, that gives each of `tensor_parallel` GPUs whole groups."""
    multiple = group_size * tensor_parallel
    return -(-width // multiple) * multiple


def intermediate_size(checkpoint: Checkpoint) -> int:
    """Return the width of a model's feed-forward layers.

    Raises:
        ShoptuneError: config.json does not state it.
    """
    width = checkpoint.config.get(INTERMEDIATE_SIZE)
    if not isinstance(width, int):
        raise fail(
            checkpoint.path / "config.json",
            INTERMEDIATE_SIZE,
            "is missing",
            "choose a model of the Llama or Qwen2 family",
        )
    return width


def refuse_experts(checkpoint: Checkpoint) -> None:
    """Refuse a mixture of experts.

    Raises:
        ShoptuneError: the model is one.
    """
    for key in _EXPERTS:
        if checkpoint.config.get(key):
            what = "makes it a mixture of experts, which the engines here do not quantize"
            raise fail(checkpoint.path / "config.json", key, what, "serve it in 16 bits")


def check_widths(checkpoint: Checkpoint, group_size: int, tensor_parallel: int) -> None:
    """Check that the layers that are not padded give each of `tensor_parallel` GPUs whole groups.

    Raises:
        ShoptuneError: the hidden size or the width of the attention is not a multiple of the group size times GPUs.
    """
    config = checkpoint.config
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    widths = {"hidden_size": (hidden, 1)}
    if isinstance(hidden, int) and isinstance(heads, int):
        widths["num_attention_heads"] = (heads * (config.get("head_dim") or hidden // heads), tensor_parallel)
    for key, (width, parts) in widths.items():
        if isinstance(width, int) and width % (group_size * parts):
            what = f"gives a width of {width}, which is not a multiple of {group_size} weights per group x {parts} GPUs"
            raise fail(checkpoint.path / "config.json", key, what, "choose a smaller group size or tensor_parallel")
