"""The teach stage: asks a larger model about records and writes its answers as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from shoptune.artifacts import manifest
from shoptune.config import load as load_config
from shoptune.data.tables.teacher import STAGE
from shoptune.errors import Problem, ShoptuneError
from shoptune.runtime.cache import cache_folder
from shoptune.runtime.progress import say
from shoptune.stage import Stage
from shoptune.teach.config import TeacherRecipe
from shoptune.teach.estimate import estimate
from shoptune.teach.files import summary_line
from shoptune.teach.records import Tables, open_records
from shoptune.teach.run import Job, ask_about_records


@dataclass(frozen=True)
class Options:
    """The options of `shoptune teach` that do not change an answer.

    Attributes:
        limit: the most records to ask about, or None.
        cache: the folder of saved answers, or None for the user's.
        local_only: refuse a backend that sends prompts to another machine.
    """

    limit: int | None = None
    cache: Path | None = None
    local_only: bool = False


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune teach`.

    Attributes:
        file: the recipe.
        tables: artifacts with the tables that it reads.
        model: folder, Hub id or name of the teacher, or None for the recipe's.
        options: further options.
        overrides: `key.path=value` strings from `--set`.
    """

    file: Path
    tables: Sequence[Path] = ()
    model: str | None = None
    options: Options = field(default_factory=Options)
    overrides: Sequence[str] = ()


def load(arguments: Arguments) -> Job:
    """Read the recipe, find the teacher, and check the query.

    Raises:
        ShoptuneError: the recipe or its query is invalid, there is no such teacher, or it is on another machine and the
            run is local only.
    """
    recipe = load_config(arguments.file, TeacherRecipe, arguments.overrides)
    if absent := [folder for folder in arguments.tables if not folder.is_dir()]:
        remedy = "create it first: shoptune data ingest"
        raise ShoptuneError(Problem("--tables", "", f"no folder '{folder}'", remedy) for folder in absent)
    options = arguments.options
    local_only = recipe.local_only or options.local_only
    if local_only:
        recipe.backend.refuse_remote(arguments.file)
    teacher = recipe.backend.teacher(arguments.model or recipe.model, arguments.file)
    tables = Tables(arguments.tables)
    with open_records(recipe, arguments.file, tables):
        pass
    cache = options.cache or cache_folder("teacher")
    return Job(arguments.file, recipe, teacher, tables, cache, options.limit, local_only)


def request(job: Job) -> manifest.Request:
    """List everything that determines the table, apart from the answers themselves."""
    config = job.recipe.fingerprint() | {"teacher": job.teacher.name, "identity": job.teacher.identity}
    inputs = job.tables.inputs(job.recipe)
    if job.teacher.checkpoint:
        inputs["teacher"] = job.teacher.checkpoint
    return manifest.Request(STAGE, config | {"limit": job.limit}, inputs)


def require(job: Job, _directory: Path) -> None:
    """Check that the backend can be used.

    Raises:
        ShoptuneError: something is missing, such as the API key.
    """
    job.recipe.backend.require(job.file)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write the table, the rejected answers, the summary, and the calls of this run.

    Raises:
        ShoptuneError: a query fails, the teacher cannot be used, or too many requests failed.
    """
    ask_about_records(job, directory)
    return {}


def summary(directory: Path) -> str:
    """Return the counts of rows and rejected answers, and the recipe's report."""
    return summary_line(directory)


def next_command(_job: Job, out: Path) -> str:
    """Build rows with the table."""
    return f"shoptune data build MIXTURE.yaml --tables DIR --teacher {quote(str(out))} --out DIR"


TEACH: Stage[Arguments, Job] = Stage(
    STAGE, load, request, write, next_command, require=require, summary=summary, resumes=True
)


def print_estimate(arguments: Arguments, tokenizer: str | None) -> None:
    """Print what a run would ask and what it would cost at most, for `--dry-run`.

    Args:
        arguments: the arguments of the command.
        tokenizer: folder or Hub id of a tokenizer for a teacher behind an endpoint.

    Raises:
        ShoptuneError: as `load`, or there is no such tokenizer.
    """
    job = load(arguments)
    for line in estimate(job, tokenizer).lines(job.recipe.backend.price):
        say(line)
