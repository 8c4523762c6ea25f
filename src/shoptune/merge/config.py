"""What to merge: the base, the adapters with their weights, and wise-ft's alpha."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shoptune.config import Settings

Weight = Annotated[float, Field(description="any finite number; 1 takes the adapter as it was trained")]


class WeightedAdapter(Settings):
    """One member of the ensemble."""

    path: str
    weight: Weight = 1.0


class MergeConfig(Settings):
    """A merge YAML.

    Attributes:
        base: folder or hub id of the checkpoint that the adapters were trained on.
        adapters: the ensemble; its delta is the weighted sum of theirs.
        wise_ft_alpha: how far to go from the base (0) to the fine-tuned ensemble (1); paper 001, section 4.4.
        dtype: element type of the merged weights; float16 keeps eight times finer steps than bfloat16.
    """

    base: str
    adapters: Annotated[tuple[WeightedAdapter, ...], Field(min_length=1)]
    wise_ft_alpha: float = 1.0
    dtype: Literal["float16", "bfloat16", "float32"] = "float16"
