"""Padding without quantization: a 16-bit model as wide as its 4-bit versions, to show that padding costs no score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from shoptune.quantize.engine import QuantizerEngine, Work


class PadOnly(QuantizerEngine):
    """Writes the padded checkpoint without quantizing it.

    Attributes:
        pad_to: the group size that the width is padded to a multiple of.
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
        """Copy the checkpoint with padded feed-forward layers."""
        from shoptune.quantize.pad import pad_checkpoint
        from shoptune.runtime.progress import bar

        source = work.source
        with bar("pad", sum(spec.nbytes for spec in source.checkpoint.tensors.values())) as progress:
            pad_checkpoint(source.checkpoint, source.width, work.directory, progress)
        return {}
