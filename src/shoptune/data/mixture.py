"""Mixtures: which tasks, and how many rows of each, make one training set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from shoptune.config import Settings, load
from shoptune.data.recipe import Task, load_tasks
from shoptune.errors import Problem, ShoptuneError, nearest

Count = Annotated[int, Field(ge=1)]


class Mixture(Settings):
    """A mixture YAML.

    Attributes:
        seed: decides which records are taken, how they are phrased, and the order of rows.
        validation_fraction: the share of rows that is kept from training.
        tasks: rows wanted of each task.
        when_short: what to do when a source is absent or has too few records: `stop`, or `shrink` to what there is.
        decontaminate_against: files of questions in the development format that must not reach the rows.
        max_characters: rows whose question is longer are dropped.
        max_rejected: the largest share of records that may be dropped before the build stops.
    """

    seed: int = 0
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    tasks: Annotated[dict[str, Count], Field(min_length=1)]
    when_short: Literal["stop", "shrink"] = "stop"
    decontaminate_against: tuple[str, ...] = ()
    max_characters: Count = 20_000
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.2


@dataclass(frozen=True)
class Plan:
    """A mixture with the tasks that it names."""

    file: Path
    mixture: Mixture
    tasks: Mapping[str, Task]


def load_mixture(file: Path, overrides: Sequence[str] = ()) -> Plan:
    """Read a mixture and the recipes in the folder above it.

    Raises:
        ShoptuneError: the mixture or a recipe is not as it must be, or the mixture names a task that no recipe has.
    """
    mixture = load(file, Mixture, overrides)
    known = load_tasks(file.absolute().parent.parent)
    unknown = [
        Problem(file, f"tasks.{name}", "no recipe has this task", nearest(name, known))
        for name in mixture.tasks
        if name not in known
    ]
    if unknown:
        raise ShoptuneError(unknown)
    return Plan(file, mixture, {name: known[name] for name in mixture.tasks})
