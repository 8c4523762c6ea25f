"""The data stage: from a mixture and raw files to rows in Parquet."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.artifact import Artifact, Build, Request, make
from shoptune.data.database import connect, records
from shoptune.data.mixture import Plan
from shoptune.data.output import statistics, write_reports, write_rows
from shoptune.data.partition import Checks, Reject, reject, render
from shoptune.data.quality import Decontaminator, Deduplicator
from shoptune.data.recipe import Task
from shoptune.errors import Problem, ShoptuneError
from shoptune.progress import bar, say
from shoptune.shopbench.rows import Row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Records asked for each row wanted, since some will be rejected; and a few more where few are wanted.
_SPARE_SHARE = 1.5
_SPARE_RECORDS = 20
_BATCH = 2000


def run(plan: Plan, raw: Path, out: Path, *, force: bool = False) -> Artifact:
    """Build the rows of a mixture.

    Writes `train-*.parquet` and `validation-*.parquet`, statistics, a sample of what was dropped, and a dataset card.

    Args:
        plan: the mixture with its tasks.
        raw: one folder a source.
        out: the artifact's directory.
        force: build even when the artifact is up to date.

    Raises:
        ShoptuneError: a source is missing, a query is wrong, there are too few records, or too many were rejected.
    """
    mixture = plan.mixture
    present = {name: task for name, task in plan.tasks.items() if (raw / task.source).is_dir()}
    _tell_absent(plan, present, raw)
    inputs = {f"raw/{source}": raw / source for source in sorted({task.source for task in present.values()})}
    inputs |= {f"questions/{number}": Path(file) for number, file in enumerate(mixture.decontaminate_against)}
    recipes = {name: task.recipe.model_dump(mode="json") | {"views": task.views} for name, task in present.items()}
    config = {"mixture": mixture.model_dump(mode="json"), "recipes": recipes}

    def write(build: Build) -> None:
        rows, rejects = _all_rows(plan, present, raw)
        _stop_when_short(plan, rows)
        _stop_when_too_many_rejects(plan, rows, rejects)
        random.Random(mixture.seed).shuffle(rows)
        held_back = round(len(rows) * mixture.validation_fraction)
        splits = {"train": rows[held_back:], "validation": rows[:held_back]}
        write_rows(build.directory, splits)
        write_reports(build.directory, statistics(splits, rejects, mixture.tasks), rejects)

    return make(Request("data", config, inputs), out, write, force=force)


def _all_rows(plan: Plan, tasks: Mapping[str, Task], raw: Path) -> tuple[list[Row], list[Reject]]:
    mixture = plan.mixture
    phrasings = [prompt for task in tasks.values() for prompt in task.recipe.prompts]
    decontaminator = Decontaminator.against([Path(file) for file in mixture.decontaminate_against], phrasings)
    checks = Checks(mixture.max_characters, decontaminator)
    deduplicator = Deduplicator()
    rows: list[Row] = []
    rejects: list[Reject] = []
    connection = connect(list(tasks.values()), raw)
    with bar("data", len(tasks)) as progress:
        for name, task in tasks.items():
            made, dropped = _task_rows(connection, task, mixture.tasks[name], mixture.seed, checks, deduplicator)
            rows += made
            rejects += dropped
            progress.advance()
    return rows, rejects


def _task_rows(
    connection: DuckDBPyConnection, task: Task, wanted: int, seed: int, checks: Checks, deduplicator: Deduplicator
) -> tuple[list[Row], list[Reject]]:
    rows: list[Row] = []
    rejects: list[Reject] = []
    limit = int(wanted * _SPARE_SHARE) + _SPARE_RECORDS
    for batch in records(connection, task, seed, limit, _BATCH):
        rendered = render(task, seed, checks, batch)
        rejects += rendered.rejects
        for row in rendered.rows:
            if len(rows) == wanted:
                return rows, rejects
            if deduplicator.is_new(row):
                rows.append(row)
            else:
                rejects.append(reject(task, row.row_id, "duplicate question", row.question.input_field))
    return rows, rejects


def _tell_absent(plan: Plan, present: Mapping[str, Task], raw: Path) -> None:
    """Say which tasks fall away with their source, or stop, as the mixture decides."""
    absent = [name for name in plan.tasks if name not in present]
    if not absent:
        return
    sources = sorted({plan.tasks[name].source for name in absent})
    what = f"no folder for {', '.join(sources)}, so {len(absent)} of {len(plan.tasks)} tasks have no records"
    if plan.mixture.when_short == "stop" or not present:
        raise ShoptuneError(
            [Problem(raw, "", what, "put the sources' files there as downloaded, or --set when_short=shrink")]
        )
    say(f"data: {raw}: {what}: {', '.join(absent)}")


def _stop_when_short(plan: Plan, rows: Sequence[Row]) -> None:
    made: dict[str, int] = dict.fromkeys(plan.tasks, 0)
    for row in rows:
        made[row.question.task_name] += 1
    problems = [
        Problem(
            plan.file,
            f"tasks.{name}",
            f"only {count} of {plan.mixture.tasks[name]} rows could be made",
            "lower the number, or --set when_short=shrink",
        )
        for name, count in made.items()
        if count < plan.mixture.tasks[name]
    ]
    if problems and plan.mixture.when_short == "stop":
        raise ShoptuneError(problems)


def _stop_when_too_many_rejects(plan: Plan, rows: Sequence[Row], rejects: Sequence[Reject]) -> None:
    share = len(rejects) / max(1, len(rows) + len(rejects))
    if share > plan.mixture.max_rejected:
        reasons = sorted({f"{reject.task}: {reject.reason}" for reject in rejects})
        what = f"{share:.0%} of the records were rejected ({'; '.join(reasons[:5])})"
        raise ShoptuneError([Problem(plan.file, "max_rejected", what, "mend the recipe, or raise the limit")])
