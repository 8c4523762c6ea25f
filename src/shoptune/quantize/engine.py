"""What a quantizer engine is: settings, and a method that turns a padded checkpoint into a 4-bit checkpoint."""

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
    """What an engine gets.

    Attributes:
        source: the checkpoint to quantize; its feed-forward layers are padded to whole groups while they are read.
        blocks: the calibration tokens, as blocks of equal length.
        device: where blocks of the model compute; the weights of the others stay off it.
        directory: where the 4-bit checkpoint goes.
        kept: a folder for what an interrupted run has finished; a resumed run finds it as it was.
        checks: measures each layer when it is finished.
        activation_bytes: the most host memory for calibration activations; the rest goes to `kept`.
    """

    source: PaddedSource
    blocks: Sequence[Sequence[int]]
    device: Device
    directory: Path
    kept: Path
    checks: LayerChecks
    activation_bytes: int = 1 << 34


class QuantizerEngine(Settings):
    """The settings of an engine; a subclass in `shoptune.quantize.engines` names itself in `engine`.

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
        """How many consecutive weights share a scale."""

    @property
    def symmetric(self) -> bool:
        """Whether weights are rounded to a grid around 0, without zero points."""
        return True

    @abstractmethod
    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Write the config and the 4-bit weights of a checkpoint; the caller copies the tokenizer.

        Call `work.checks.record` for each weight as it is finished.

        Returns:
            What the engine has to report, as JSON values.

        Raises:
            ShoptuneError: the checkpoint or the calibration tokens are unusable.
        """


def select_device(device: Device) -> None:
    """Make engines compute on a device; they use the first GPU they see, whatever they are configured to use.

    Call it before anything asks CUDA for its devices.

    Raises:
        ShoptuneError: the device does not exist.
    """
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    import torch

    if not torch.cuda.is_available():
        raise fail("device", "", "is cuda, but torch sees no GPU", "run it where there is one, or set device: cpu")
