"""The merge config: the base, the adapters with their weights, the method, and wise-ft's alpha."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from shoptune.config import Settings
from shoptune.config.paths import ConfigPath
from shoptune.config.plugin_settings import InlineSettings, OneOf
from shoptune.merge.method import MergeMethod
from shoptune.parity.config import Parity

_METHODS = "shoptune.merge.methods"


class WeightedAdapter(Settings):
    """One member of the ensemble; in a YAML, a path alone stands for an adapter with weight 1.

    Attributes:
        path: folder of the adapter, or of a fully tuned checkpoint.
        weight: factor of its delta, any finite number; 1 takes the adapter as it was trained.
    """

    path: ConfigPath
    weight: float = 1.0

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str) else value


class MergeConfig(InlineSettings):
    """A merge YAML. The method's parameters are keys on the same level: `method: ties`, `density: 0.5`.

    Attributes:
        base: folder or Hub id of the checkpoint that the adapters were trained on.
        adapters: the ensemble: adapters, fully tuned checkpoints, or both.
        wise_ft_alpha: how far to go from the base (0) to the fine-tuned ensemble (1); paper 001, section 4.4.
        method: how the adapters' deltas are combined; task_arithmetic, their exact weighted sum, unless given.
        seed: seed of the methods that draw random numbers.
        dtype: element type of the merged weights; float16 keeps eight times finer steps than bfloat16.
        base_weights: add to the checkpoint's weights, or to what NF4 leaves of them, on which QLoRA in fact trained.
        nf4_source: the element type in which training loaded the weights before it rounded them to NF4.
        other_base: what to do about an adapter that was trained on another base, as its manifest or its
            adapter_config.json shows.
        parity: a gate that compares the merged model with the base and its adapters; none by default.
    """

    plugin_field: ClassVar[str] = "method"
    plugin_package: ClassVar[str] = _METHODS
    plugin_default: ClassVar[str] = "task_arithmetic"

    base: ConfigPath
    adapters: Annotated[tuple[WeightedAdapter, ...], Field(min_length=1)]
    wise_ft_alpha: float = 1.0
    method: Annotated[MergeMethod, OneOf(_METHODS, "method")]
    seed: int = 0
    dtype: Literal["float16", "bfloat16", "float32"] = "float16"
    base_weights: Literal["checkpoint", "nf4"] = "checkpoint"
    nf4_source: Literal["float16", "bfloat16", "float32"] = "bfloat16"
    other_base: Literal["refuse", "warn"] = "refuse"
    parity: Parity | None = None
