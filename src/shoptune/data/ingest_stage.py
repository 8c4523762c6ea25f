"""The ingest stage: raw files to Parquet tables, by command or through the cache that builds from raw files use."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from typing import Any

from shoptune.artifacts.manifest import Request, fingerprint_of
from shoptune.artifacts.publish import require_space, up_to_date
from shoptune.data import sources
from shoptune.data.executor import ExecutorName, executor
from shoptune.data.readers.declared_tables import DeclaredTables
from shoptune.data.tables.ingest import Reading, ingest
from shoptune.data.tables.source_tables import SourceTables
from shoptune.errors import Problem, ShoptuneError, fail, nearest
from shoptune.runtime.cache import cache_folder
from shoptune.stage import Stage, run

_SMALL = 1 << 26  # bytes of raw files that one process reads before a second one has started
_CODE = ("*.py", "*.yaml", "*.json", "*.txt")


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune data ingest`.

    Attributes:
        raw: a folder with one folder per source.
        sources: the sources to ingest; all that are present if empty.
        executor: where files are read.
        workers: number of processes, or None for one per core.
        memory_gb: memory limit of DuckDB in each process, in units of 10^9 bytes.
    """

    raw: Path
    sources: Sequence[str] = ()
    executor: ExecutorName = "local"
    workers: int | None = None
    memory_gb: float = 1.2


@dataclass(frozen=True)
class Job:
    """The folders to read, and how.

    Attributes:
        folders: where the raw files of each source are.
        executor: where files are read.
        workers: number of processes.
        memory_gb: memory limit of DuckDB in each process, in units of 10^9 bytes.
    """

    folders: Mapping[str, sources.RawFiles]
    executor: ExecutorName
    workers: int
    memory_gb: float


def load(arguments: Arguments) -> Job:
    """Locate the sources.

    Raises:
        ShoptuneError: a source is unknown or missing, or the folder has no source.
    """
    known = sources.names()
    unknown = [Problem("--source", name, "no such source", nearest(name, known)) for name in arguments.sources]
    if problems := [problem for problem in unknown if problem.where not in known]:
        raise ShoptuneError(problems)
    wanted = arguments.sources or known
    folders = {name: arguments.raw / name for name in wanted if (arguments.raw / name).is_dir()}
    if absent := [name for name in arguments.sources if name not in folders]:
        raise fail(arguments.raw, "", f"no folder for {', '.join(absent)}", "put the sources' files there")
    if not folders:
        raise fail(arguments.raw, "", "contains none of the sources' folders", f"name them {', '.join(known)}")
    return Job(folders, arguments.executor, arguments.workers or cores(), arguments.memory_gb)


def request(job: Job) -> Request:
    """List everything that determines the tables: the raw files, and the code that reads them."""
    config: dict[str, Any] = {"code": _code_digest(), "duckdb": version("duckdb")}
    declared = {source: place for source, place in job.folders.items() if isinstance(place, DeclaredTables)}
    if declared:
        config["declared"] = {source: place.settings() for source, place in declared.items()}
    return Request("ingest", config, raw_inputs(job.folders))


def raw_inputs(folders: Mapping[str, sources.RawFiles]) -> dict[str, Path]:
    """The raw files of sources as a stage's inputs: folders, or the files of declared tables."""
    inputs: dict[str, Path] = {}
    for source, place in folders.items():
        inputs |= place.inputs(f"raw/{source}") if isinstance(place, DeclaredTables) else {f"raw/{source}": place}
    return inputs


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Write one folder of tables per source.

    Raises:
        ShoptuneError: files are missing or not data, or a source gave no record.
    """
    workers = 1 if _size(job) < _SMALL else job.workers
    reading = Reading(job.memory_gb, threads=None if workers == 1 else 1)
    with executor(job.executor, workers) as pool:
        ingest(job.folders, directory, reading, pool)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Build rows from the tables."""
    return f"shoptune data build MIXTURE.yaml --tables {quote(str(out))} --out DIR"


def require(job: Job, directory: Path) -> None:
    """Refuse to start with less free disk space than the raw files take; tables usually take less.

    Raises:
        ShoptuneError: less is free.
    """
    require_space(directory, _size(job))


INGEST: Stage[Arguments, Job] = Stage("ingest", load, request, write, next_command, require=require, resumes=True)


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def cached_tables(
    folders: Mapping[str, sources.RawFiles], executor_name: ExecutorName, workers: int, memory_gb: float
) -> Iterator[dict[str, SourceTables]]:
    """The tables of raw files, ingested into the user's cache folder unless they are there already.

    The cache holds one set of tables per folder of raw files, which is replaced when the files or the code change.
    While the block runs, no other process replaces the tables.

    Raises:
        ShoptuneError: files are missing or not data, or a source gave no record.
    """
    cache = cache_folder("tables")
    cache.mkdir(parents=True, exist_ok=True)
    found = {}
    with ExitStack() as locks:
        for source, folder in folders.items():
            place = folder.recipe if isinstance(folder, DeclaredTables) else folder
            path = hashlib.sha256(os.fsencode(place.resolve())).hexdigest()[:16]
            out = cache / f"{source}-{path}"
            lock = locks.enter_context(out.with_suffix(".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            job = Job({source: folder}, executor_name, workers, memory_gb)
            if not _is_current(job, out):
                run(INGEST, job, out, force=True)
            fcntl.flock(lock, fcntl.LOCK_SH)
            found[source] = SourceTables.load(out / source)
        yield found


def _is_current(job: Job, out: Path) -> bool:
    wanted = request(job)
    fingerprint = fingerprint_of(wanted)
    try:
        return up_to_date(wanted, fingerprint, out) is not None
    except ShoptuneError:  # files of the cache were deleted or changed
        return False


def _size(job: Job) -> int:
    return sum(file.stat().st_size for folder in job.folders.values() for file in sources.raw_files(folder))


def _code_digest() -> str:
    """A hash of the code that reads raw files: tables that other code wrote are not reused."""
    package = Path(__file__).parent
    files = sorted(file for pattern in _CODE for file in package.rglob(pattern))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
