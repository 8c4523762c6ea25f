"""The interface of quantizer engines: settings with a method that quantizes a padded checkpoint to 4 bits."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from shoptune.config import Settings
from shoptune.errors import fail

if TYPE_CHECKING:
    from shoptune.quantize.layers import LayerChecks
    from shoptune.quantize.source import PaddedSource

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Work:
    """The inputs of an engine.

    Attributes:
        source: the checkpoint to quantize; its feed-forward layers are padded to whole groups while they are read.
        blocks: the calibration tokens, in blocks of equal length.
        device: the device that computes one layer of the model at a time.
        directory: the folder to write the 4-bit checkpoint to.
        kept: a folder for finished layers, which a resumed run reads.
        checks: measures each layer when it is finished.
        activation_bytes: the maximum host memory for calibration activations; the rest is written to `kept`.
    """

    source: PaddedSource
    blocks: Sequence[Sequence[int]]
    device: Device
    directory: Path
    kept: Path
    checks: LayerChecks
    activation_bytes: int = 1 << 34


class QuantizerEngine(Settings):
    """Base class for the settings of an engine; a subclass in `shoptune.quantize.engines` sets its name in `engine`.

    Attributes:
        environment: the environment in which the engine is installed, or None for the one that runs the command.
        calibrates: whether the engine uses calibration samples.
    """

    engine: str
    environment: ClassVar[str | None]
    calibrates: ClassVar[bool] = True

    @property
    @abstractmethod
    def group_size(self) -> int:
        """The number of consecutive weights that share a scale."""

    @property
    def symmetric(self) -> bool:
        """Whether weights are rounded to a grid around 0, without zero points."""
        return True

    @abstractmethod
    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Write the config and the 4-bit weights of the checkpoint; the caller copies the tokenizer.

        Call `work.checks.record` for each weight as it is finished.

        Returns:
            The engine's entries for quantize_report.json, as JSON values.

        Raises:
            ShoptuneError: the checkpoint or the calibration tokens are unusable.
        """


def select_device(device: Device) -> None:
    """Select the device for engines, which otherwise use the first visible GPU regardless of their configuration.

    Call it before anything initializes CUDA.

    Raises:
        ShoptuneError: the device does not exist.
    """
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    import torch

    if not torch.cuda.is_available():
        raise fail("device", "", "is cuda, but torch finds no GPU", "use a machine with a GPU, or set device: cpu")
