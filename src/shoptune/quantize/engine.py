"""What a quantizer engine is: settings, and a method that turns a padded checkpoint into a 4-bit checkpoint."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from shoptune.checkpoints.checkpoint import Checkpoint
from shoptune.config import Settings
from shoptune.errors import fail

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Work:
    """What an engine gets.

    Attributes:
        padded: the checkpoint to quantize; its feed-forward layers are whole groups wide.
        blocks: the calibration tokens, as blocks of equal length.
        device: where blocks of the model compute; the weights of the others stay in host memory.
        directory: where the 4-bit checkpoint goes.
    """

    padded: Checkpoint
    blocks: Sequence[Sequence[int]]
    device: Device
    directory: Path


class QuantizerEngine(Settings):
    """The settings of an engine; a subclass in `shoptune.quantize.engines` names itself in `engine`.

    Attributes:
        environment: the environment in which the engine is installed.
    """

    engine: str
    environment: ClassVar[str]

    @property
    @abstractmethod
    def group_size(self) -> int:
        """How many consecutive weights share a scale."""

    @abstractmethod
    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Write the config and the 4-bit weights of a checkpoint; the caller copies the tokenizer.

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
