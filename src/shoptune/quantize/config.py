"""How to quantize: padding, the calibration set, the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from shoptune.config import Settings
from shoptune.config.paths import ConfigPath
from shoptune.config.plugin_settings import InlineSettings, OneOf
from shoptune.quantize.engine import Device, QuantizerEngine

Count = Annotated[int, Field(ge=1)]

_ENGINES = "shoptune.quantize.engines"


class Calibration(Settings):
    """The texts whose activations show which weights must be kept precise; give either questions or rows.

    Attributes:
        questions: a file in the development format; each question is rendered as the prompt that the model will get.
        rows: a folder of `shoptune data build`, or a Parquet file of rows; each row is rendered with its answer.
        max_samples: the most questions or rows to use, chosen so that task types get equal numbers of tokens.
        max_length: length of the blocks that the samples are packed into, in tokens.
        chat_template_arguments: arguments of the checkpoint's chat template, the same as in the inference profile.
    """

    questions: ConfigPath | None = None
    rows: ConfigPath | None = None
    max_samples: Count = 128
    max_length: Count = 512
    chat_template_arguments: Mapping[str, bool | int | float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Calibration:
        if (self.questions is None) == (self.rows is None):
            raise ValueError("give either questions or rows")
        return self

    @property
    def inputs(self) -> dict[str, Path]:
        """The file or folder that is read, by its key."""
        named = {"questions": self.questions, "rows": self.rows}
        return {key: Path(path) for key, path in named.items() if path is not None}


class QuantizeConfig(InlineSettings):
    """A quantize YAML. The engine's settings are written beside the other keys: `engine: autoawq`, `awq: {...}`.

    Attributes:
        model: folder or Hub id of the checkpoint to quantize.
        calibration: what to calibrate on.
        tensor_parallel: the most GPUs that will share the model; each must get whole groups of the padded layers.
        engine: what quantizes; autoawq unless given.
        device: where the layers compute; weights stay in host memory, and one layer at a time is moved.
    """

    plugin_field: ClassVar[str] = "engine"
    plugin_package: ClassVar[str] = _ENGINES
    plugin_default: ClassVar[str] = "autoawq"

    model: ConfigPath
    calibration: Calibration
    tensor_parallel: Literal[1, 2, 4, 8] = 4
    engine: Annotated[QuantizerEngine, OneOf(_ENGINES, "engine")]
    device: Device = "cuda"
