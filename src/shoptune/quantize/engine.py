"""The interface of quantizer engines: settings with a method that quantizes a padded checkpoint to 4 bits."""

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

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")


@dataclass(frozen=True)
class Work:
    """The inputs of an engine.

    Attributes:
        padded: the checkpoint to quantize; the width of its feed-forward layers is a whole number of groups.
        blocks: the calibration tokens, in blocks of equal length.
        device: the device that computes one layer of the model at a time; other weights stay in host memory.
        directory: the folder to write the 4-bit checkpoint to.
    """

    padded: Checkpoint
    blocks: Sequence[Sequence[int]]
    device: Device
    directory: Path


class QuantizerEngine(Settings):
    """Base class for the settings of an engine; a subclass in `shoptune.quantize.engines` sets its name in `engine`.

    Attributes:
        environment: the name of the environment in which the engine is installed.
    """

    engine: str
    environment: ClassVar[str]

    @property
    @abstractmethod
    def group_size(self) -> int:
        """The number of consecutive weights that share a scale."""

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse a checkpoint that the engine cannot quantize, from its config alone.

        Raises:
            ShoptuneError: the model is a mixture of experts.
        """
        for key in _EXPERTS:
            if checkpoint.config.get(key):
                what = "makes it a mixture of experts, whose experts the engines here do not quantize"
                raise fail(checkpoint.path / "config.json", key, what, "serve it in 16 bits")

    @abstractmethod
    def quantize(self, work: Work) -> Mapping[str, Any]:
        """Write the config and the 4-bit weights of the checkpoint; the caller copies the tokenizer.

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
