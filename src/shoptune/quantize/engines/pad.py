"""Padding alone: the model in 16 bits, as wide as its 4-bit versions, to see what padding costs (nothing)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shoptune.quantize.engine import QuantizerEngine, Work


class PadOnly(QuantizerEngine):
    """No quantization: the padded checkpoint.

    Attributes:
        pad_to: the group size to pad for.
    """

    environment: ClassVar[str | None] = None
    calibrates: ClassVar[bool] = False

    engine: Literal["pad"] = "pad"
    pad_to: Literal[32, 64, 128] = 128

    @property
    def group_size(self) -> int:
        """`pad_to`."""
        return self.pad_to

    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Copy the checkpoint with wider feed-forward layers."""
        from shoptune.quantize.pad import pad_checkpoint
        from shoptune.runtime.progress import bar

        source = work.source
        with bar("pad", sum(spec.nbytes for spec in source.checkpoint.tensors.values())) as progress:
            pad_checkpoint(source.checkpoint, source.width, work.directory, progress)
        return {}
