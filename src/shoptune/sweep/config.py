"""The sweep config: an ensemble, a grid or a search space, and the questions to score on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from shoptune.config import Settings, load
from shoptune.config.paths import ConfigPath
from shoptune.infer.profile import Profile, load_profile
from shoptune.merge.config import MergeConfig, WeightedAdapter
from shoptune.sweep.guard import Loss
from shoptune.sweep.points import Candidate

Count = Annotated[int, Field(ge=1)]


class Search(Settings):
    """A search over alpha and the adapters' weights by Optuna's tree-structured Parzen estimator.

    Attributes:
        trials: how many ensembles to try, in addition to alpha 0 and 1 with the weights of the merge YAML.
        alpha: the smallest and the largest alpha.
        weights: also search the adapters' weights; their sum stays that of the merge YAML.
        seed: seed of all proposals; a resumed search proposes what an uninterrupted one would have.
    """

    trials: Count
    alpha: tuple[float, float]
    weights: bool = True
    seed: int = 0

    @model_validator(mode="after")
    def _is_a_range(self) -> Search:
        if not self.alpha[0] < self.alpha[1]:
            raise ValueError("alpha must be a smaller and a larger number")
        return self


class SweepConfig(Settings):
    """A sweep YAML.

    Attributes:
        merge: the merge YAML whose `wise_ft_alpha` (and weights) are varied.
        profile: the inference YAML of the engine; with `enable_lora` ensembles are served as adapters, else merged
            weights are loaded into the running engine.
        questions: a file in the development format; use others than those that you report on.
        alphas: a grid of alphas, in the order in which they are run.
        search: a search, instead of a grid.
        no_task_type_below_base: leave out points that are worse than alpha 0 on a task type, `significantly` or
            `at_all`; a grid must then contain alpha 0.
    """

    merge: ConfigPath
    profile: ConfigPath
    questions: ConfigPath
    alphas: Annotated[tuple[float, ...], Field(min_length=1)] | None = None
    search: Search | None = None
    no_task_type_below_base: Loss | None = None

    @model_validator(mode="after")
    def _one_way(self) -> SweepConfig:
        if (self.alphas is None) == (self.search is None):
            raise ValueError("give either alphas (a grid) or search")
        if self.no_task_type_below_base and self.alphas is not None and 0 not in self.alphas:
            raise ValueError("no_task_type_below_base compares every point with alpha 0: add 0 to alphas")
        return self

    @property
    def points(self) -> int:
        """How many ensembles are scored; a search starts with alpha 0 and alpha 1."""
        return self.search.trials + 2 if self.search else len(self.alphas or ())


@dataclass(frozen=True)
class SweepPlan:
    """A sweep, with the configs that it names."""

    file: Path
    config: SweepConfig
    merge: MergeConfig
    profile: Profile

    @property
    def weights(self) -> tuple[float, ...]:
        """The adapters' weights as the merge YAML has them."""
        return tuple(adapter.weight for adapter in self.merge.adapters)

    def merge_of(self, candidate: Candidate) -> MergeConfig:
        """The merge YAML with a candidate's alpha and weights."""
        adapters = tuple(
            WeightedAdapter(path=adapter.path, weight=weight)
            for adapter, weight in zip(self.merge.adapters, candidate.weights, strict=True)
        )
        return self.merge.model_copy(update={"wise_ft_alpha": candidate.alpha, "adapters": adapters})

    def best_merge(self, candidate: Candidate) -> MergeConfig:
        """The merge YAML of the best candidate, without the members that have weight 0.

        If all weights are 0 the members stay, since a merge YAML has at least one.
        """
        merge = self.merge_of(candidate)
        members = tuple(adapter for adapter in merge.adapters if adapter.weight != 0)
        return merge.model_copy(update={"adapters": members or merge.adapters})


def load_sweep(file: Path, overrides: Sequence[str] = ()) -> SweepPlan:
    """Read a sweep YAML, and the merge and inference YAMLs that it names.

    Overrides whose key begins with `merge.` or `profile.` change the YAML of that name.

    Raises:
        ShoptuneError: one of the three is invalid.
    """
    of_merge, of_profile = _inside("merge.", overrides), _inside("profile.", overrides)
    own = [text for text in overrides if not text.startswith(("merge.", "profile."))]
    config = load(file, SweepConfig, own)
    return SweepPlan(
        file, config, load(Path(config.merge), MergeConfig, of_merge), load_profile(Path(config.profile), of_profile)
    )


def _inside(prefix: str, overrides: Sequence[str]) -> list[str]:
    return [text.removeprefix(prefix) for text in overrides if text.startswith(prefix)]
