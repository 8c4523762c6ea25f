"""Determine the kind of a folder: a checkpoint, a quantized checkpoint, an adapter, or rows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import read_manifest
from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import fail

ADAPTER_CONFIG = "adapter_config.json"


class Kind(StrEnum):
    """The kinds of folders that can be uploaded."""

    CHECKPOINT = "checkpoint"
    QUANTIZED = "quantized checkpoint"
    ADAPTER = "adapter"
    DATASET = "dataset"


def kind_of(folder: Path) -> Kind:
    """Return the kind of a folder.

    Raises:
        ShoptuneError: none of the kinds.
    """
    if (folder / ADAPTER_CONFIG).is_file():
        return Kind.ADAPTER
    if (folder / "config.json").is_file():
        return Kind.QUANTIZED if quantization(folder) else Kind.CHECKPOINT
    if (read_manifest(folder) or {}).get("stage") == "data":
        return Kind.DATASET
    what = "holds neither a model, nor an adapter, nor rows"
    raise fail(folder, "", what, "choose an artifact of data, train, merge or quantize")


def quantization(folder: Path) -> Mapping[str, Any]:
    """Return the quantization_config of a checkpoint, or an empty mapping."""
    settings = read_json(folder / "config.json").get("quantization_config")
    return settings if isinstance(settings, dict) else {}
