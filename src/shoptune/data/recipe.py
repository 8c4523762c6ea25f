"""Recipes: which questions are made from a source, and how; data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from shoptune.config import Settings, load
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

_TRACK_PREFIX = "amazon-kdd-cup-24-"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class TaskRecipe(Settings):
    """One kind of question made from a source.

    Attributes:
        name: unique among all recipes.
        kind: the task type; `shoptune.data.render.kinds` says which columns it needs.
        metric: how ShopBench scores such a question.
        track: the track's name, with or without the challenge's prefix.
        like: the development task that it resembles, or `none`.
        version: raised whenever the task's rows change on purpose.
        language: the language of its rows, unless a record has a `language` column.
        options: the number of options, for kinds that list options.
        records: a DuckDB query over the source's tables; its column `key` is unique and decides sampling and order.
        prompts: phrasings, as Jinja templates over the record's columns and the variables that the kind adds.
    """

    name: Name
    kind: TaskType
    metric: Metric
    track: Track
    like: str
    version: Annotated[int, Field(ge=1)] = 1
    language: str = "en"
    options: Annotated[int, Field(ge=2)] | None = None
    answers: Annotated[int, Field(ge=1, le=3)] | None = None
    word_overlap: Annotated[float, Field(gt=0, le=1)] | None = 0.45
    records: str
    prompts: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("track", mode="before")
    @classmethod
    def _short_track(cls, value: object) -> object:
        if isinstance(value, str) and not value.startswith(_TRACK_PREFIX):
            return _TRACK_PREFIX + value
        return value

    @model_validator(mode="after")
    def _metric_fits(self) -> TaskRecipe:
        if self.metric not in METRICS_OF[self.kind]:
            raise ValueError(f"metric '{self.metric}' does not score questions of kind '{self.kind}'")
        return self


class Recipe(Settings):
    """A recipe YAML: the tasks of one source.

    Attributes:
        source: the source's name: that of its module and of its folder below the raw directory.
        files: folder or Hub id of the source's files, if they are not in the raw directory.
        views: DuckDB queries under names that the tasks' queries may use.
        tasks: the questions to make.
    """

    source: Name
    files: str | None = None
    views: dict[Name, str] = Field(default_factory=dict)
    tasks: Annotated[tuple[TaskRecipe, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Task:
    """A task with the file and the recipe that it comes from."""

    recipe: TaskRecipe
    source: str
    views: Mapping[str, str]
    files: str | None
    file: Path


def load_tasks(directory: Path) -> Mapping[str, Task]:
    """Every task of every recipe in a directory, by name, in order of file and place.

    Raises:
        ShoptuneError: a recipe is malformed, or two tasks share a name; all problems are reported together.
    """
    files = sorted(directory.glob("*.yaml"))
    if not files:
        raise fail(
            directory,
            "",
            "holds no recipes",
            "keep mixtures in a folder beside the recipes, as in data_recipes/mixtures/x.yaml",
        )
    tasks: dict[str, Task] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            recipe = load(file, Recipe)
        except ShoptuneError as error:
            problems += error.problems
            continue
        for task in recipe.tasks:
            if task.name in tasks:
                problems.append(Problem(file, task.name, "another task has this name", "choose another name"))
            tasks[task.name] = Task(task, recipe.source, recipe.views, recipe.files, file)
    if problems:
        raise ShoptuneError(problems)
    return tasks


def find_task(tasks: Mapping[str, Task], name: str, file: Path, where: str) -> Task:
    """A task by its name.

    Raises:
        ShoptuneError: there is none; the message names the nearest.
    """
    if name not in tasks:
        raise fail(file, where, f"no task '{name}'", nearest(name, tasks))
    return tasks[name]
