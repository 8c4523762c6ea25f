"""The protocol that every stage implements, and the function that runs a stage."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from shoptune.artifacts.manifest import Request, fingerprint_of
from shoptune.artifacts.preview import preview
from shoptune.artifacts.publish import Artifact, publish, refuse_file, up_to_date
from shoptune.runtime import environments
from shoptune.runtime.progress import detail, elapsed, say

ArgumentsT = TypeVar("ArgumentsT")
JobT = TypeVar("JobT")


def _no_environment(_job: object) -> str | None:
    return None


def _no_requirements(_job: object, _directory: Path) -> None:
    return None


def _nothing_to_add(_directory: Path) -> str:
    return ""


@dataclass(frozen=True)
class ConfigFile:
    """The arguments of a stage that takes only a config.

    Attributes:
        file: the path of the YAML.
        overrides: `key.path=value` strings from `--set`.
    """

    file: Path
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Stage(Generic[ArgumentsT, JobT]):
    """One stage of the pipeline.

    Attributes:
        name: the stage's name in manifests and messages.
        load: turns the command's arguments into a job: checks the config and locates its inputs. It must be fast, and
            is called again in the stage's own environment.
        request: returns everything that determines the artifact's bytes: config values and input files.
        write: does the work in an empty (or resumed) folder. Returns the SHA-256 digests that it knows, by file name
            relative to the folder; others are computed afterwards.
        next_command: returns the command that users typically run next, given the job and the artifact's folder.
        environment: returns the name of the environment that a job needs, or None for the current one.
        require: raises if this machine cannot do the job (disk, memory, GPU). It is called before any work, with the
            folder to which the artifact is written.
        summary: returns a summary of a finished artifact to print, or an empty string.
        resumes: whether an interrupted run can be resumed.
    """

    name: str
    load: Callable[[ArgumentsT], JobT]
    request: Callable[[JobT], Request]
    write: Callable[[JobT, Path], Mapping[str, str]]
    next_command: Callable[[JobT, Path], str]
    environment: Callable[[JobT], str | None] = _no_environment
    require: Callable[[JobT, Path], None] = _no_requirements
    summary: Callable[[Path], str] = _nothing_to_add
    resumes: bool = False


_is_preview: ContextVar[bool] = ContextVar("is_preview", default=False)


@contextmanager
def only_preview() -> Iterator[None]:
    """While the block runs, `execute` describes what it would do instead of doing it."""
    token = _is_preview.set(True)
    try:
        yield
    finally:
        _is_preview.reset(token)


def is_preview() -> bool:
    """Return whether `only_preview` is active, for commands that do more than call `execute`."""
    return _is_preview.get()


def execute(
    stage: Stage[ArgumentsT, JobT], arguments: ArgumentsT, out: Path, *, force: bool = False
) -> Artifact | None:
    """Run a stage, and print a summary and the next command.

    If the job needs another environment, the process is replaced by the same command in that environment.

    Args:
        stage: the stage to run.
        arguments: the arguments for `stage.load`.
        out: the artifact's folder.
        force: run even if the artifact is up to date.

    Returns:
        The artifact, or None within `only_preview`.

    Raises:
        ShoptuneError: the config or an input is invalid, the environment is not installed, or the work failed.
    """
    since = time.monotonic()
    refuse_file(out)
    job = stage.load(arguments)
    needed = stage.environment(job)
    if is_preview():
        for line in preview(stage.request(job), needed, out):
            say(line)
        return None
    if needed and not environments.is_here(needed):
        environments.become(needed, "shoptune", sys.argv[1:])
    made = run(stage, job, out, force=force)
    if summary := stage.summary(out):
        say(summary)
    files = len(made.manifest["outputs"])
    size = f"{made.bytes / 1e6:.2f} MB in {files} file{'s' if files != 1 else ''}"
    state = f"wrote {size} in {elapsed(since)}" if made.rebuilt else f"up to date ({size}); nothing to do"
    say(f"{stage.name}: {out}: {state}; next: {stage.next_command(job, out)}")
    return made


def run(stage: Stage[ArgumentsT, JobT], job: JobT, out: Path, *, force: bool = False) -> Artifact:
    """Publish the artifact of a job in this environment, unless it is up to date.

    Raises:
        ShoptuneError: an input is missing, the machine cannot do the job, or the work failed.
    """
    request = stage.request(job)
    fingerprint = fingerprint_of(request)
    for name, path in request.inputs.items():
        detail(f"{stage.name}: input {name}: {path}, sha256 {fingerprint.inputs[name]}")
    detail(f"{stage.name}: config {json.dumps(request.config, ensure_ascii=False, default=str)}")
    if not force and (current := up_to_date(request, fingerprint, out)):
        return current

    def write(directory: Path) -> Mapping[str, str]:
        stage.require(job, directory)
        try:
            return stage.write(job, directory)
        except SystemExit as error:  # some libraries, such as axolotl, exit when they receive a signal
            if error.code:
                raise
            say(_interrupted(stage))
            raise KeyboardInterrupt from error
        except KeyboardInterrupt:
            say(_interrupted(stage))
            raise

    return publish(request, fingerprint, out, write, resume=stage.resumes, force=force)


def environment(name: str) -> Callable[[object], str]:
    """For stages that always need the same environment."""
    return lambda _job: name


def _interrupted(stage: Stage[ArgumentsT, JobT]) -> str:
    return "interrupted; run the same command to resume" if stage.resumes else "interrupted"
