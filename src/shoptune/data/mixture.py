"""Mixtures: which tasks, and how many rows of each, make one training set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shoptune.config import Settings, load
from shoptune.config.paths import ConfigPath, from_here
from shoptune.config.shipped import shipped_root
from shoptune.data.recipe import RECIPES, Name, Task, has_recipes, load_tasks
from shoptune.errors import Problem, ShoptuneError, nearest

Count = Annotated[int, Field(ge=1)]


class Judge(Settings):
    """Which rows the teacher's table `judge` lets pass; rows that it does not score pass.

    Attributes:
        min_correctness: rows with a lower score from 1 to 5 are dropped.
        min_difficulty: rows with a lower score from 1 to 5 are dropped.
    """

    min_correctness: Annotated[int, Field(ge=1, le=5)] = 4
    min_difficulty: Annotated[int, Field(ge=1, le=5)] = 1


class Mixture(Settings):
    """A mixture YAML.

    Attributes:
        seed: decides which records are selected, how they are phrased, and the order of rows.
        validation_fraction: the share of rows that is held out from training.
        tasks: number of rows of each task.
        teacher: the tables to take from a teacher, by name; `data build --teacher DIR` says where they are. Tasks that
            read a table which is not there are absent.
        judge: drops rows by the scores in the teacher's table `judge`; null keeps all.
        row_fraction: the share of every task's rows to make, at least one row each; for a trial of a large mixture.
        when_short: what to do if a source is absent or has too few records: `stop`; `shrink` to what there is; `scale`,
            which also distributes the rows of absent sources among the other tasks.
        decontaminate_against: files of questions in the development format that must not reach the rows.
        decontaminate_items: whether rows are dropped too that ask about the same title, query, concept or attribute as
            one of those questions, in any wording.
        near_duplicates: of rows of a task whose contents are at least this similar (Jaccard similarity of three-word
            runs), one is kept; null keeps all.
        near_duplicates_across_tasks: a row is dropped if its content is at least this similar to that of a row of an
            earlier task, of the same task type and with the same answer in words; null keeps all.
        language_threshold: rows are dropped whose text is this much less likely to be in their language than in
            another (a ratio of probabilities); null keeps all.
        drop_personal_data: whether rows with e-mail addresses, phone numbers or order numbers are dropped.
        drop_profanity: whether rows with profane words are dropped.
        max_special_characters: rows are dropped with a larger share of characters that are neither letters, digits nor
            spaces; null keeps all.
        limit_word_overlap: whether rows are dropped whose answer shared words give away, once a task has more of
            them than its recipe's `word_overlap` allows.
        max_characters: rows with a longer question are dropped.
        max_tokens: rows with a longer chat are dropped; needs `tokenizer`.
        tokenizer: folder or Hub id of a checkpoint whose tokenizer counts tokens.
        max_rejected: the build stops if a larger share of the records is dropped.
        sample: by table, the most records to use; all records of a user, a product or a query are kept or dropped
            together. Products of sampled reviews or queries are all kept, and come first.
        shard_rows: the most rows in a Parquet file.
        memory_gb: memory limit of DuckDB in each process, in units of 10^9 bytes; beyond it, DuckDB spills to disk, and
            the limit grows if a query cannot spill. Does not change the rows.
        workers: number of processes, or null for one per core. Does not change the rows.
    """

    seed: int = 0
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    tasks: Annotated[dict[str, Count], Field(min_length=1)]
    teacher: tuple[Name, ...] = ()
    judge: Judge | None = None
    row_fraction: Annotated[float, Field(gt=0)] = 1.0
    when_short: Literal["stop", "shrink", "scale"] = "stop"
    decontaminate_against: tuple[ConfigPath, ...] = ()
    decontaminate_items: bool = True
    near_duplicates: Annotated[float, Field(gt=0.5, le=1)] | None = 0.9
    near_duplicates_across_tasks: Annotated[float, Field(gt=0.5, le=1)] | None = 0.8
    language_threshold: Annotated[float, Field(gt=0, lt=1)] | None = 0.02
    drop_personal_data: bool = True
    drop_profanity: bool = True
    max_special_characters: Annotated[float, Field(gt=0, lt=1)] | None = 0.35
    limit_word_overlap: bool = True
    max_characters: Count = 20_000
    max_tokens: Count | None = None
    tokenizer: ConfigPath | None = None
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.2
    sample: dict[str, Count] = Field(default_factory=dict)
    shard_rows: Count = 100_000
    memory_gb: Annotated[float, Field(ge=0.2)] = 1.2
    workers: Count | None = None

    @model_validator(mode="after")
    def _tokens_are_counted(self) -> Mixture:
        if self.max_tokens is not None and self.tokenizer is None:
            raise ValueError("max_tokens needs a tokenizer")
        if self.judge and "judge" not in self.teacher:
            raise ValueError("judge needs the teacher's table: add judge to `teacher`")
        return self

    def fingerprint(self) -> dict[str, Any]:
        """The settings that decide the rows, as JSON values."""
        unused = {name for name in ("teacher", "judge") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude={"memory_gb", "workers", *unused})


@dataclass(frozen=True)
class Plan:
    """A mixture with its tasks."""

    file: Path
    mixture: Mixture
    tasks: Mapping[str, Task]

    @property
    def questions(self) -> list[Path]:
        """The files of questions that must not reach the rows."""
        return [Path(name) for name in self.mixture.decontaminate_against]

    def wanted(self, present: Iterable[str]) -> dict[str, int]:
        """Rows of each task whose source is present; with `scale`, those of the others are distributed among them."""
        every = self.wanted_of_all()
        counts = {name: every[name] for name in present}
        if self.mixture.when_short != "scale":
            return counts
        total, left = sum(every.values()), sum(counts.values())
        return {name: round(count * total / left) for name, count in counts.items()}

    def wanted_of_all(self) -> dict[str, int]:
        """Rows of each task, if the sources of all are present."""
        return {name: max(1, round(self.mixture.row_fraction * count)) for name, count in self.mixture.tasks.items()}


def load_mixture(file: Path, overrides: Sequence[str] = (), recipes: Path | None = None) -> Plan:
    """Read a mixture and its recipes.

    Args:
        file: the mixture.
        overrides: `key.path=value` texts.
        recipes: the recipes' folder, or None for the mixture's own if it holds recipes, else for the one above it.
            Tasks that are not there are those of the recipes that ship with shoptune.

    Raises:
        ShoptuneError: the mixture or a recipe is malformed, or the mixture names a task that no recipe has.
    """
    mixture = load(file, Mixture, overrides)
    known = load_tasks(recipes or _recipes_of(file))
    if any(name not in known for name in mixture.tasks):
        known = {**load_tasks(shipped_root() / RECIPES), **known}
    unknown = [
        Problem(
            file,
            f"tasks.{name}",
            "no recipe has this task",
            nearest(name, known, "pass the folder of its recipe with --recipes"),
        )
        for name in mixture.tasks
        if name not in known
    ]
    if unknown:
        raise ShoptuneError(unknown)
    return Plan(file, mixture, {name: known[name] for name in mixture.tasks})


def _recipes_of(file: Path) -> Path:
    """The folder of a mixture's recipes: its own, the one above, or the one that ships with shoptune."""
    above = Path(from_here(file.absolute().parents[1]))
    return next((folder for folder in (file.parent, above) if has_recipes(folder)), shipped_root() / RECIPES)
