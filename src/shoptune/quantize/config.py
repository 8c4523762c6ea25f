"""The quantize config: padding, the calibration set and the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from shoptune.config import Settings
from shoptune.config.paths import ConfigPath
from shoptune.config.plugin_settings import InlineSettings, OneOf
from shoptune.parity.config import Parity
from shoptune.quantize.engine import Device, QuantizerEngine

Count = Annotated[int, Field(ge=1)]

_ENGINES = "shoptune.quantize.engines"


class Calibration(Settings):
    """The texts whose activations show which weights need precision. Set exactly one of `questions` and `rows`.

    Attributes:
        questions: a file in the development format; each question is rendered as a prompt, as at inference.
        rows: a folder written by `shoptune data build`, or a Parquet file; each row is rendered with its answer.
        max_samples: the maximum number of questions or rows, chosen so that task types get equal numbers of tokens.
        max_length: the length of the blocks that samples are packed into, in tokens.
        max_sample_length: the number of tokens after which a sample is cut off; by default, samples are used whole.
        chat_template_arguments: arguments for the checkpoint's chat template, the same as in the inference profile.
    """

    questions: ConfigPath | None = None
    rows: ConfigPath | None = None
    max_samples: Count = 128
    max_length: Count = 512
    max_sample_length: Count | None = None
    chat_template_arguments: Mapping[str, bool | int | float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Calibration:
        if (self.questions is None) == (self.rows is None):
            raise ValueError("set exactly one of questions and rows")
        return self

    @property
    def inputs(self) -> dict[str, Path]:
        """The file or folder of the samples, by its key in the config."""
        named = {"questions": self.questions, "rows": self.rows}
        return {key: Path(path) for key, path in named.items() if path is not None}


class QuantizeConfig(InlineSettings):
    """A quantize YAML. The engine's settings are keys on the same level: `engine: autoawq`, `awq: {...}`.

    Attributes:
        model: folder or Hub id of the checkpoint to quantize.
        calibration: the calibration set.
        tensor_parallel: the maximum number of GPUs that will share the model; layers are padded so that each GPU gets
            whole quantization groups.
        engine: the library that quantizes.
        device: the device for computation; layers are moved to it one at a time.
        parity: a gate that compares the 4-bit model with the other forms of the model; none by default.
        activation_memory: the maximum host memory for calibration activations, in GB; the rest is kept on disk.
    """

    plugin_field: ClassVar[str] = "engine"
    plugin_package: ClassVar[str] = _ENGINES
    plugin_default: ClassVar[str] = "autoawq"

    model: ConfigPath
    calibration: Calibration
    tensor_parallel: Literal[1, 2, 4, 8] = 4
    engine: Annotated[QuantizerEngine, OneOf(_ENGINES, "engine")]
    device: Device = "cuda"
    parity: Parity | None = None
    activation_memory: Annotated[float, Field(gt=0)] = 16.0
