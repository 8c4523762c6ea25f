"""How to quantize: padding, the calibration set, AWQ's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from shoptune.config import Settings

Count = Annotated[int, Field(ge=1)]


class Calibration(Settings):
    """The questions whose activations decide which weights must be kept precise.

    Attributes:
        questions: a file in the development format; every question is rendered as the prompt it will be.
        max_samples: the most questions to use.
        max_length: blocks that the model sees, in tokens; longer prompts are left out, and the count is reported.
        chat_template_arguments: arguments of the checkpoint's chat template, the same as in the inference profile.
    """

    questions: str
    max_samples: Count = 128
    max_length: Count = 512
    chat_template_arguments: Mapping[str, bool | int | float | str] = Field(default_factory=dict)


class AwqSettings(Settings):
    """AutoAWQ's settings, under its names, with its defaults."""

    w_bit: Literal[4] = 4
    q_group_size: Literal[32, 64, 128] = 128
    zero_point: bool = True
    version: Literal["gemm"] = "gemm"
    apply_clip: bool = True
    duo_scaling: bool = True


class QuantizeConfig(Settings):
    """A quantize YAML.

    Attributes:
        model: folder or hub id of the checkpoint to quantize.
        tensor_parallel: the most GPUs that will share the model; each must get whole groups of the padded layers.
        device: where AutoAWQ runs the model.
    """

    model: str
    calibration: Calibration
    tensor_parallel: Literal[1, 2, 4, 8] = 4
    awq: AwqSettings = AwqSettings()
    device: Literal["cpu", "cuda"] = "cuda"
