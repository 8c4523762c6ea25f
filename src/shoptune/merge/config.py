"""What to merge: the base, the adapters with their weights, the method, and wise-ft's alpha."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shoptune.config import Settings

Method = Literal["task_arithmetic", "ties", "dare_ties"]


class WeightedAdapter(Settings):
    """One member of the ensemble; its weight may be any finite number, 1 takes the adapter as it was trained."""

    path: str
    weight: float = 1.0


class MergeConfig(Settings):
    """A merge YAML.

    Attributes:
        base: folder or hub id of the checkpoint that the adapters were trained on.
        adapters: the ensemble.
        wise_ft_alpha: how far to go from the base (0) to the fine-tuned ensemble (1); paper 001, section 4.4.
        method: how the adapters' deltas become one: their exact weighted sum, or TIES or DARE-TIES over dense deltas.
        density: the share of each delta that TIES and DARE-TIES keep.
        seed: decides what DARE-TIES drops.
        dtype: element type of the merged weights; float16 keeps eight times finer steps than bfloat16.
        base_weights: add to the checkpoint's weights, or to what NF4 leaves of them, on which QLoRA in fact trained.
        nf4_source: the element type in which training loaded the weights before it rounded them to NF4.
        other_base: what to do about an adapter whose manifest says that it was trained on another base.
    """

    base: str
    adapters: Annotated[tuple[WeightedAdapter, ...], Field(min_length=1)]
    wise_ft_alpha: float = 1.0
    method: Method = "task_arithmetic"
    density: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int = 0
    dtype: Literal["float16", "bfloat16", "float32"] = "float16"
    base_weights: Literal["checkpoint", "nf4"] = "checkpoint"
    nf4_source: Literal["float16", "bfloat16", "float32"] = "bfloat16"
    other_base: Literal["refuse", "warn"] = "refuse"

    @model_validator(mode="after")
    def _density_fits_method(self) -> MergeConfig:
        if self.method == "task_arithmetic" and self.density is not None:
            raise ValueError("density is for ties and dare_ties; task_arithmetic keeps every delta whole")
        if self.method != "task_arithmetic" and self.density is None:
            raise ValueError(f"{self.method} needs a density, the share of each delta to keep, as 0.5")
        return self
