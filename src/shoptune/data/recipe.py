"""Recipes: which questions are made from a source, and how; data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator, model_validator

from shoptune.config import Settings, load, read_yaml
from shoptune.config.paths import ConfigPath
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.shopbench.metrics import METRICS_OF
from shoptune.shopbench.vocabulary import Metric, TaskType, Track

if TYPE_CHECKING:
    from shoptune.shopbench.provenance import Provenance

RECIPES = "data_recipes"  # the folder of the recipes that ship with shoptune
TABLES = "tables"  # the source of a recipe that declares its tables
TEACHER = "teacher"  # the source of a recipe that reads a teacher's tables only
_TRACK_PREFIX = "amazon-kdd-cup-24-"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


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
        languages: further languages that the questions may hold text in, apart from that of the prompts; rows in others
            are dropped (`language_threshold` of a mixture).
        options: the number of options, for kinds that list options.
        answers: the number of right answers that every row must have; null takes records with any number.
        word_overlap: the highest score that guessing by shared words may reach on the rows; null sets no limit.
        records: a DuckDB query over the source's tables; its column `key` is unique and decides sampling and order.
        prompts: phrasings, as Jinja templates over the record's columns and the variables that the kind adds.
        translations: further phrasings by language code; a row in that language takes one of these or of `prompts`.
    """

    name: Name
    kind: TaskType
    metric: Metric
    track: Track
    like: str
    version: Annotated[int, Field(ge=1)] = 1
    language: str = "en"
    languages: tuple[str, ...] = ()
    options: Annotated[int, Field(ge=2)] | None = None
    answers: Annotated[int, Field(ge=1, le=3)] | None = None
    word_overlap: Annotated[float, Field(gt=0, le=1)] | None = 0.45
    records: str
    prompts: Annotated[tuple[str, ...], Field(min_length=1)]
    translations: dict[Language, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @property
    def phrasings(self) -> tuple[str, ...]:
        """The prompts of every language."""
        return (*self.prompts, *(prompt for prompts in self.translations.values() for prompt in prompts))

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


class TableFiles(Settings):
    """The files of a table; in a YAML, a path or a list of paths stands for `files` alone.

    Attributes:
        files: paths, which may have wildcards, relative to the recipe or to the current folder.
        columns: DuckDB types of columns; those of other columns are inferred.
        sample_by: the column whose values a mixture's `sample` keeps or drops as a whole.
    """

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    columns: dict[str, str] = Field(default_factory=dict)
    sample_by: str | None = None

    @field_validator("files", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


class Recipe(Settings):
    """A recipe YAML: the tasks of one source.

    Attributes:
        source: the source's name: that of its module and of its folder below the raw directory; or `tables`, for the
            tables that the recipe declares; or `teacher`, if it reads only tables that a teacher wrote.
        tables: files of the tables, by the name that queries use; with `source: tables` only.
        files: folder or Hub id of the source's files, if they are not in the raw directory.
        views: DuckDB queries under names that the tasks' queries may use.
        tasks: the questions to make.
    """

    source: Name
    tables: dict[Name, TableFiles] = Field(default_factory=dict)
    files: ConfigPath | None = None
    views: dict[Name, str] = Field(default_factory=dict)
    tasks: Annotated[tuple[TaskRecipe, ...], Field(min_length=1)]

    @field_validator("tables", mode="before")
    @classmethod
    def _files_alone(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"files": each} if isinstance(each, str | list) else each for name, each in value.items()}

    @model_validator(mode="after")
    def _tables_are_declared(self) -> Recipe:
        if (self.source == TABLES) != bool(self.tables):
            raise ValueError("`source: tables` and `tables:` need each other")
        if self.tables and self.files:
            raise ValueError("`files` cannot be combined with `tables:`, which lists the files")
        return self


@dataclass(frozen=True)
class Task:
    """A task with the file and the recipe that it comes from.

    Attributes:
        recipe: the task.
        source: the source's name; for declared tables it has the recipe's name too, as in `tables-my_shop`.
        views: the recipe's views.
        files: as in the recipe.
        file: the recipe's file.
        tables: the tables that the recipe declares.
        written: the phrasings that a teacher wrote, with the answer that holds each.
    """

    recipe: TaskRecipe
    source: str
    views: Mapping[str, str]
    files: str | None
    file: Path
    tables: Mapping[str, TableFiles] = field(default_factory=dict)
    written: Mapping[str, Provenance] = field(default_factory=dict)


def load_tasks(directory: Path) -> Mapping[str, Task]:
    """Every task of every recipe in a directory, by name, in order of file and place; other YAMLs are left out.

    Raises:
        ShoptuneError: a recipe is malformed, or two tasks share a name; all problems are reported together.
    """
    files = [file for file in sorted(directory.glob("*.yaml")) if _is_recipe(file)]
    if not files:
        remedy = "pass the recipes' folder with --recipes, or move the mixture next to them or into a subfolder"
        raise fail(directory, "", "contains no recipes", remedy)
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
            source = f"{TABLES}-{file.stem}" if recipe.tables else recipe.source
            tasks[task.name] = Task(task, source, recipe.views, recipe.files, file, recipe.tables)
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


def has_recipes(directory: Path) -> bool:
    """Whether a folder holds a YAML that names a source."""
    return any("source" in (_keys(file) or ()) for file in directory.glob("*.yaml"))


def _is_recipe(file: Path) -> bool:
    """Whether a YAML is a recipe, valid or not, rather than a mixture or the config of another stage."""
    keys = _keys(file)
    return keys is None or "source" in keys or isinstance(keys.get("tasks"), list)


def _keys(file: Path) -> Mapping[str, object] | None:
    """Return the top level of a YAML, or None if it is malformed, which is reported when it is loaded."""
    try:
        values = read_yaml(file)
    except ShoptuneError:
        return None
    return values if isinstance(values, dict) else None
