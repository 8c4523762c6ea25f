"""The data stage: from a mixture and raw files to rows in Parquet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from typing import Any

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.hub import local_folder
from shoptune.data import sources
from shoptune.data.assemble import assemble
from shoptune.data.build_result import BuildResult
from shoptune.data.executor import ExecutorName, executor
from shoptune.data.filters.length import LengthLimit
from shoptune.data.mixture import Plan, load_mixture
from shoptune.data.recipe import Task
from shoptune.data.tables.database import Reading, connect
from shoptune.data.write.files import write_build
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.runtime.progress import say
from shoptune.stage import Stage

_TOKENIZER = "tokenizer.json"
_SCRATCH = "scratch"


@dataclass(frozen=True)
class Arguments:
    """What the command line gives.

    Attributes:
        file: the mixture YAML.
        raw: one folder per source.
        overrides: `key.path=value` texts.
        executor: who renders the rows; does not change them.
    """

    file: Path
    raw: Path
    overrides: Sequence[str] = ()
    executor: ExecutorName = "local"


@dataclass(frozen=True)
class Job:
    """A mixture with its tasks and the folders of their sources.

    Attributes:
        plan: the mixture.
        tasks: those of its tasks whose source is there.
        folders: the folder of each source.
        length: the longest a row may be.
        executor: who renders the rows.
    """

    plan: Plan
    tasks: Mapping[str, Task]
    folders: Mapping[str, Path]
    length: LengthLimit
    executor: ExecutorName


def load(arguments: Arguments) -> Job:
    """Read a mixture and its recipes, and locate the sources.

    Raises:
        ShoptuneError: the mixture or a recipe is faulty, or a source is missing.
    """
    plan = load_mixture(arguments.file, arguments.overrides)
    folders = sources.folders(list(plan.tasks.values()), arguments.raw)
    present = {name: task for name, task in plan.tasks.items() if task.source in folders}
    _report_absent(plan, present, arguments.raw)
    length = LengthLimit(plan.mixture.max_characters, plan.mixture.max_tokens, _tokenizer(plan))
    return Job(plan, present, folders, length, arguments.executor)


def request(job: Job) -> Request:
    """What the rows are made from."""
    mixture = job.plan.mixture
    used = sorted({task.source for task in job.tasks.values()})
    inputs = {f"raw/{source}": job.folders[source] for source in used}
    inputs |= {f"questions/{number}": Path(file) for number, file in enumerate(mixture.decontaminate_against)}
    inputs |= {"tokenizer": job.length.tokenizer} if job.length.tokenizer else {}
    recipes = {name: task.recipe.model_dump(mode="json") | {"views": task.views} for name, task in job.tasks.items()}
    config: dict[str, Any] = {"mixture": mixture.fingerprint(), "recipes": recipes}
    if mixture.sample:
        config["duckdb"] = version("duckdb")  # its hash decides what is drawn
    return Request("data", config, inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write `train-*.parquet` and `validation-*.parquet`, statistics, a report, a sample of drops and a dataset card.

    The rows are the same whatever the executor and the number of workers.

    Raises:
        ShoptuneError: a query is wrong, there are too few records, or too many were rejected.
    """
    plan, mixture = job.plan, job.plan.mixture
    scratch = directory / _SCRATCH
    reading = Reading(scratch, mixture.seed, mixture.sample, memory_gb=mixture.memory_gb)
    workers = mixture.workers or len(os.sched_getaffinity(0))
    with executor(job.executor, workers, max(plan.wanted(job.tasks).values())) as pool:
        database = connect(list(job.tasks.values()), job.folders, reading)
        if len(job.tasks) == len(plan.tasks):
            _refuse_unknown_samples(plan, database.tables)
        result = assemble(plan, job.tasks, job.length, database, pool)
    database.connection.close()
    shutil.rmtree(scratch)
    _stop_when_short(plan, result)
    _stop_when_too_many_rejects(plan, result)
    write_build(directory, result, mixture, job.length)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Train on the rows."""
    return f"shoptune train TRAIN.yaml --set {quote(f'datasets.0.path={out}')} --out DIR"


DATA: Stage[Arguments, Job] = Stage("data", load, request, write, next_command)


def _tokenizer(plan: Plan) -> Path | None:
    """The file that counts tokens, fetched from the hub when the mixture names a hub id."""
    reference = plan.mixture.tokenizer
    if reference is None:
        return None
    file = local_folder(reference, [_TOKENIZER], "model", file=plan.file, key="tokenizer") / _TOKENIZER
    if not file.is_file():
        raise fail(plan.file, "tokenizer", f"no {file}", "name the folder of a checkpoint with a tokenizer.json")
    return file


def _report_absent(plan: Plan, present: Mapping[str, Task], raw: Path) -> None:
    """Say which tasks fall away with their source, or stop, as the mixture decides."""
    absent = [name for name in plan.tasks if name not in present]
    if not absent:
        return
    missing = sorted({plan.tasks[name].source for name in absent})
    what = f"no folder for {', '.join(missing)}, so {len(absent)} of {len(plan.tasks)} tasks have no records"
    if plan.mixture.when_short == "stop" or not present:
        raise fail(raw, "", what, "put the sources' files there as downloaded, or --set when_short=shrink")
    say(f"data: {raw}: {what}: {', '.join(absent)}")


def _refuse_unknown_samples(plan: Plan, tables: Set[str]) -> None:
    if unknown := [name for name in plan.mixture.sample if name not in tables]:
        raise ShoptuneError(
            Problem(plan.file, f"sample.{name}", "no such table is read from lines", nearest(name, tables))
            for name in unknown
        )


def _stop_when_short(plan: Plan, result: BuildResult) -> None:
    problems = [
        Problem(
            plan.file,
            f"tasks.{name}",
            f"only {count} of {result.wanted[name]} rows could be made",
            "lower the number, or --set when_short=shrink",
        )
        for name, count in result.shortfalls().items()
    ]
    if problems and plan.mixture.when_short == "stop":
        raise ShoptuneError(problems)


def _stop_when_too_many_rejects(plan: Plan, result: BuildResult) -> None:
    rejected = result.rejects.total
    share = rejected / max(1, len(result.rows) + rejected)
    if share > plan.mixture.max_rejected:
        reasons = sorted({f"{task}: {reason}" for _, task, reason in result.rejects.counts})
        what = f"{share:.0%} of the records were rejected ({'; '.join(reasons[:5])})"
        raise fail(plan.file, "max_rejected", what, "correct the recipe, or raise the limit")
