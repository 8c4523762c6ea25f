"""The data stage: from a mixture and raw files to rows in Parquet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Set
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.checkpoints.hub import local_folder
from shoptune.data import sources
from shoptune.data.assemble import assemble
from shoptune.data.build_result import BuildResult
from shoptune.data.executor import ExecutorName, executor
from shoptune.data.filters.length import LengthLimit
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task
from shoptune.data.tables.database import Reading, connect
from shoptune.data.write.files import write_build
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.runtime.progress import say

_TOKENIZER = "tokenizer.json"
_SCRATCH = "scratch"


def run(plan: Plan, raw: Path, out: Path, *, engine_name: ExecutorName = "local", force: bool = False) -> Artifact:
    """Build the rows of a mixture.

    Writes `train-*.parquet` and `validation-*.parquet`, statistics, a report, a sample of what was dropped, and a
    dataset card. The rows are the same whatever the engine and the number of workers.

    Args:
        plan: the mixture with its tasks.
        raw: one folder a source.
        out: the artifact's directory.
        engine_name: who renders the rows.
        force: build even when the artifact is up to date.

    Raises:
        ShoptuneError: a source is missing, a query is wrong, there are too few records, or too many were rejected.
    """
    mixture = plan.mixture
    folders = sources.folders(list(plan.tasks.values()), raw)
    present = {name: task for name, task in plan.tasks.items() if task.source in folders}
    _tell_absent(plan, present, raw)
    length = LengthLimit(mixture.max_characters, mixture.max_tokens, _tokenizer(plan))
    inputs = {f"raw/{source}": folders[source] for source in sorted({task.source for task in present.values()})}
    inputs |= {f"questions/{number}": Path(file) for number, file in enumerate(mixture.decontaminate_against)}
    inputs |= {"tokenizer": length.tokenizer} if length.tokenizer else {}
    recipes = {name: task.recipe.model_dump(mode="json") | {"views": task.views} for name, task in present.items()}
    config: dict[str, Any] = {"mixture": mixture.fingerprint(), "recipes": recipes}
    if mixture.sample:
        config["duckdb"] = version("duckdb")  # its hash decides what is drawn

    def write(build: Build) -> None:
        scratch = build.directory / _SCRATCH
        reading = Reading(scratch, mixture.seed, mixture.sample, memory_gb=mixture.memory_gb)
        workers = mixture.workers or len(os.sched_getaffinity(0))
        with executor(engine_name, workers, max(plan.wanted(present).values())) as pool:
            database = connect(list(present.values()), folders, reading)
            if len(present) == len(plan.tasks):
                _refuse_unknown_samples(plan, database.tables)
            result = assemble(plan, present, length, database, pool)
        database.connection.close()
        shutil.rmtree(scratch)
        _stop_when_short(plan, result)
        _stop_when_too_many_rejects(plan, result)
        write_build(build.directory, result, mixture, length)

    return make(Request("data", config, inputs), out, write, force=force)


def _tokenizer(plan: Plan) -> Path | None:
    """The file that counts tokens, fetched from the hub when the mixture names a hub id."""
    reference = plan.mixture.tokenizer
    if reference is None:
        return None
    file = local_folder(reference, [_TOKENIZER], "model", file=plan.file, key="tokenizer") / _TOKENIZER
    if not file.is_file():
        raise fail(plan.file, "tokenizer", f"no {file}", "name the folder of a checkpoint with a tokenizer.json")
    return file


def _tell_absent(plan: Plan, present: Mapping[str, Task], raw: Path) -> None:
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
