"""The data stage: from a mixture and raw files to rows in Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.hub import local_folder
from shoptune.config.yaml_loader import as_yaml
from shoptune.data import sources
from shoptune.data.assemble import assemble
from shoptune.data.build_result import BuildResult
from shoptune.data.executor import ExecutorName, executor
from shoptune.data.filters.candidates import Checks
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.reasons import unwanted
from shoptune.data.ingest_stage import cached_tables, cores, raw_inputs
from shoptune.data.mixture import Plan, load_mixture
from shoptune.data.readers.declared_tables import DeclaredTables
from shoptune.data.recipe import TEACHER, Task
from shoptune.data.tables.database import Querying
from shoptune.data.tables.sample import draw_samples
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import NO_TEACHER, TeacherTables
from shoptune.data.taught import teaching, with_phrasings, without_missing_tables
from shoptune.data.worker import Context
from shoptune.data.write.files import write_build
from shoptune.data.write.shortfalls import ENOUGH, shortfall_lines
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.runtime.progress import say
from shoptune.stage import Stage

_TOKENIZER = "tokenizer.json"
_SCRATCH = "scratch"
_MANY_ROWS = 2_000  # worth starting processes for


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune data build`.

    Attributes:
        file: the mixture YAML.
        raw: a folder with one folder of raw files per source, or None if `tables` is given.
        tables: a folder written by `shoptune data ingest`, or None if `raw` is given.
        overrides: `key.path=value` texts.
        executor: where work runs; does not change the rows.
        recipes: the recipes' folder, or None for the one that holds the mixture, or the one above it.
        teacher: folders written by `shoptune teach`, one per table.
    """

    file: Path
    raw: Path | None = None
    overrides: Sequence[str] = ()
    tables: Path | None = None
    executor: ExecutorName = "local"
    recipes: Path | None = None
    teacher: Sequence[Path] = ()


@dataclass(frozen=True)
class Job:
    """A mixture with its tasks and the folders of their sources.

    Attributes:
        plan: the mixture.
        tasks: those of its tasks whose source and teacher's tables are present.
        raw: where the raw files of each source are that is not ingested yet.
        ingested: the folder of the tables of each other source.
        length: limits on a row's length.
        executor: where work runs.
        teacher: the teacher's tables.
    """

    plan: Plan
    tasks: Mapping[str, Task]
    raw: Mapping[str, sources.RawFiles]
    ingested: Mapping[str, Path]
    length: LengthLimit
    executor: ExecutorName
    teacher: TeacherTables = NO_TEACHER


def load(arguments: Arguments) -> Job:
    """Read a mixture and its recipes, and locate the sources.

    Raises:
        ShoptuneError: the mixture or a recipe is invalid, or a source is missing.
    """
    plan = load_mixture(arguments.file, arguments.overrides, arguments.recipes)
    teacher = TeacherTables.load(arguments.teacher, plan.mixture.teacher, plan.file)
    plan = replace(plan, tasks=with_phrasings(plan.tasks, teacher))
    taught = without_missing_tables(plan, teacher, arguments.overrides)
    tasks, root = list(taught.values()), arguments.tables or arguments.raw
    needs_root = any(not task.tables and task.source != TEACHER for task in tasks)
    if (root is None and needs_root) or (arguments.tables and arguments.raw):
        remedy = "pass raw files, or tables written by `shoptune data ingest`"
        raise fail("--raw", "", "exactly one of --raw and --tables is required", remedy)
    ingested = _ingested(tasks, arguments.tables) if arguments.tables else {}
    declared = [task for task in tasks if task.tables]
    raw = sources.folders(declared if arguments.tables else tasks, arguments.raw)
    present = {name: task for name, task in taught.items() if task.source in {*raw, *ingested, TEACHER}}
    _report_absent(plan, taught, present, root or arguments.file)
    length = LengthLimit(plan.mixture.max_characters, plan.mixture.max_tokens, _tokenizer(plan))
    return Job(plan, present, raw, ingested, length, arguments.executor, teacher)


def request(job: Job) -> Request:
    """List everything that determines the rows."""
    mixture = job.plan.mixture
    inputs = raw_inputs(job.raw) | {f"tables/{source}": folder for source, folder in job.ingested.items()}
    inputs |= {f"questions/{number}": file for number, file in enumerate(job.plan.questions)}
    inputs |= {f"teacher/{name}": folder for name, folder in job.teacher.folders.items()}
    inputs |= {"tokenizer": job.length.tokenizer} if job.length.tokenizer else {}
    recipes = {name: task.recipe.model_dump(mode="json") | {"views": task.views} for name, task in job.tasks.items()}
    config = {"mixture": mixture.fingerprint(), "recipes": recipes}
    declared = {source: place.settings() for source, place in job.raw.items() if isinstance(place, DeclaredTables)}
    return Request("data", config | ({"declared": declared} if declared else {}), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write `train-*.parquet` and `validation-*.parquet`, statistics, a report, a sample of drops and a dataset card.

    The rows are the same for any executor and any number of workers.

    Raises:
        ShoptuneError: a query is wrong, there are too few records, or too many were rejected.
    """
    plan, mixture = job.plan, job.plan.mixture
    checks = Checks.of(plan, job.tasks.values(), job.length, provenance=bool(job.teacher.tables))
    workers = mixture.workers or cores()
    if job.executor == "local" and sum(plan.wanted(job.tasks).values()) < _MANY_ROWS:
        workers = 1  # done before a second process has started
    with _tables(job, workers) as tables, executor(job.executor, workers, start=True) as pool:
        if len(job.tasks) == len(plan.tasks):
            _refuse_unknown_samples(plan, tables)
        scratch = (directory / _SCRATCH).absolute()
        samples = draw_samples(tables, mixture.sample, mixture.seed, scratch, mixture.memory_gb)
        threads = max(1, cores() // min(workers, len(job.tasks)))
        querying = Querying(scratch, mixture.seed, samples, mixture.memory_gb, workers, threads)
        paths = {source: replace(found, malformed=()) for source, found in tables.items()}  # what workers need
        with closing(Context(job.tasks, paths, querying, checks, job.teacher)) as context:
            result = assemble(plan, tables, context, pool)
    shutil.rmtree(scratch)
    _stop_when_short(plan, result)
    _report_shortfalls(plan, result)
    _stop_when_too_many_rejects(plan, result)
    write_build(directory, result, mixture, job.length, teaching(result.rows, plan.tasks, job.teacher))
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Train on the rows."""
    return f"shoptune train TRAIN.yaml --set {quote(f'datasets.0.path={as_yaml(str(out))}')} --out DIR"


DATA: Stage[Arguments, Job] = Stage("data", load, request, write, next_command)


def _ingested(tasks: Sequence[Task], root: Path) -> dict[str, Path]:
    """The folder of each source whose tables are present."""
    found = {task.source: root / task.source for task in tasks if not task.tables and task.source != TEACHER}
    return {source: folder for source, folder in found.items() if folder.is_dir()}


@contextmanager
def _tables(job: Job, workers: int) -> Iterator[dict[str, SourceTables]]:
    """The tables of the sources that the job needs."""
    ingested = {source: SourceTables.load(folder) for source, folder in job.ingested.items()}
    with cached_tables(job.raw, job.executor, workers, job.plan.mixture.memory_gb) as cached:
        yield dict(sorted((ingested | cached).items()))


def _tokenizer(plan: Plan) -> Path | None:
    """The file that counts tokens, downloaded from the Hub if the mixture gives a Hub id."""
    if plan.mixture.tokenizer is None:
        return None
    file = local_folder(plan.mixture.tokenizer, [_TOKENIZER], "model", file=plan.file, key="tokenizer") / _TOKENIZER
    if not file.is_file():
        raise fail(plan.file, "tokenizer", f"no {file}", "choose the folder of a checkpoint with a tokenizer.json")
    return file


def _report_absent(plan: Plan, tasks: Mapping[str, Task], present: Mapping[str, Task], raw: Path) -> None:
    """Report the tasks that are dropped because their source is absent, or stop, as the mixture decides."""
    absent = [name for name in tasks if name not in present]
    if not absent:
        return
    missing = sorted({tasks[name].source for name in absent})
    what = f"no folder for {', '.join(missing)}, so {len(absent)} of {len(plan.tasks)} tasks have no records"
    if plan.mixture.when_short == "stop" or not present:
        raise fail(raw, "", what, "put the sources' files there as downloaded, or --set when_short=shrink")
    say(f"data: {raw}: {what}: {', '.join(absent)}")


def _refuse_unknown_samples(plan: Plan, tables: Mapping[str, SourceTables]) -> None:
    known = [name for source in tables.values() for name, table in source.tables.items() if table.sample_by]
    if unknown := [name for name in plan.mixture.sample if name not in known]:
        raise ShoptuneError(
            Problem(plan.file, f"sample.{name}", "no table of this name can be sampled", nearest(name, known))
            for name in unknown
        )


def _stop_when_short(plan: Plan, result: BuildResult) -> None:
    problems = [
        Problem(
            plan.file,
            f"tasks.{name}",
            f"only {counts['made']} of {counts['wanted']} rows could be made",
            "lower the number, or --set when_short=shrink",
        )
        for name, counts in result.shortfalls().items()
        if name in result.wanted
    ]
    if problems and plan.mixture.when_short == "stop":
        raise ShoptuneError(problems)


def _report_shortfalls(plan: Plan, result: BuildResult) -> None:
    """Print the tasks whose number of rows is far from the mixture's.

    Raises:
        ShoptuneError: the build has no rows.
    """
    if not len(result.rows):
        raise fail(plan.file, "", "not a single row could be made", "see whether the raw files belong to its sources")
    for line in shortfall_lines(result.shortfalls(ENOUGH), len(plan.tasks)):
        say(line)


def _stop_when_too_many_rejects(plan: Plan, result: BuildResult) -> None:
    rejected = unwanted(result.rejects.counts)
    share = rejected / max(1, len(result.rows) + rejected)
    if share > plan.mixture.max_rejected:
        reasons = sorted({f"{task}: {reason}" for _, task, reason in result.rejects.counts})
        what = f"{share:.0%} of the records were rejected ({'; '.join(reasons[:5])})"
        raise fail(plan.file, "max_rejected", what, "correct the recipe, or raise the limit")
