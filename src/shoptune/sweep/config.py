"""What to sweep: an ensemble, a grid of alphas, and the questions that decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shoptune.config import Settings, load
from shoptune.infer.profile import Profile
from shoptune.merge.config import MergeConfig


class SweepConfig(Settings):
    """A sweep YAML.

    Attributes:
        merge: the merge YAML whose `wise_ft_alpha` is varied.
        profile: the inference YAML of the engine.
        questions: a file in the development format; choose others than those the result is judged by.
        alphas: the grid, in the order in which its points are run.
    """

    merge: str
    profile: str
    questions: str
    alphas: Annotated[tuple[float, ...], Field(min_length=1)]


@dataclass(frozen=True)
class SweepPlan:
    """A sweep with the configs that it names."""

    file: Path
    config: SweepConfig
    merge: MergeConfig
    profile: Profile


def load_sweep(file: Path, overrides: Sequence[str] = ()) -> SweepPlan:
    """Read a sweep YAML, and the merge and inference YAMLs that it names.

    Raises:
        ShoptuneError: one of the three is not as it must be.
    """
    config = load(file, SweepConfig, overrides)
    return SweepPlan(file, config, load(Path(config.merge), MergeConfig), load(Path(config.profile), Profile))
