"""Start a training run's workers, follow them, and say in one line why they ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.runtime.environments import default_variables, is_here, python_of
from shoptune.runtime.progress import Bar, bar
from shoptune.train.exchange import FINISHED, PROBLEMS, PROGRESS, STOP, read_json
from shoptune.train.failures import diagnose
from shoptune.train.speed import Speed

LOG = "axolotl.log"
TENSORBOARD = "tensorboard"
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 40  # torchrun gives its workers 30
_WORKER = "shoptune.train.worker"


@dataclass(frozen=True)
class Nodes:
    """The machines that train together.

    Attributes:
        count: how many.
        processes: workers on each, one per GPU.
        rank: this machine's number, from 0; machine 0 publishes the artifact.
        rendezvous: `host:port` at which they meet; machine 0's, as a rule.
    """

    count: int = 1
    processes: int = 1
    rank: int = 0
    rendezvous: str = ""


def command(job: Path, nodes: Nodes, run: str) -> list[str]:
    """The command that starts this machine's workers.

    Args:
        job: the job file.
        nodes: the machines.
        run: a name that the machines of one run share, and no other run has.
    """
    python = sys.executable if is_here("train") else str(python_of("train"))
    worker = [python, "-m", _WORKER]
    if nodes.count == nodes.processes == 1:
        return [*worker, str(job)]
    meeting = ["--standalone"]
    if nodes.count > 1:
        meeting = ["--rdzv-backend", "c10d", "--rdzv-endpoint", nodes.rendezvous, "--rdzv-id", run]
        meeting += ["--nnodes", str(nodes.count), "--node-rank", str(nodes.rank)]
    return [*worker, "--torchrun", *meeting, "--nproc-per-node", str(nodes.processes), "-m", _WORKER, str(job)]


def run_workers(arguments: list[str], directory: Path, log: Path, settings: Mapping[str, Any]) -> None:
    """Run this machine's workers to their end.

    SIGTERM asks them for a checkpoint; the run then ends as an interrupted one.

    Args:
        arguments: from `command`.
        directory: where the artifact is made.
        log: receives what the workers print.
        settings: axolotl's keys and values.

    Raises:
        ShoptuneError: the workers failed; the error names the log.
        KeyboardInterrupt: they were asked to end, with a checkpoint saved.
    """
    with log.open("wb") as output, bar("train", 1.0) as progress, _stop_at_sigterm(directory / STOP):
        process = subprocess.Popen(
            arguments, stdout=output, stderr=subprocess.STDOUT, env=_environment(settings, directory)
        )
        try:
            code = _follow(process, directory, progress)
        except BaseException:
            _end(process)
            raise
    if (directory / FINISHED).exists():
        return
    if problems := read_json(directory / PROBLEMS):
        raise ShoptuneError(_named(Problem(**problem), log) for problem in problems)
    if (directory / STOP).exists():
        raise KeyboardInterrupt("a checkpoint was saved")
    what, remedy = diagnose(log, code)
    raise fail(log, "", what, remedy)


def join_workers(arguments: list[str], directory: Path, log: Path, settings: Mapping[str, Any]) -> None:
    """Run the workers of a machine that is not the first; the first follows and publishes.

    Raises:
        ShoptuneError: the workers failed; the error names the log.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, stdout=output, stderr=subprocess.STDOUT, env=_environment(settings, directory)
        )
        try:
            code = process.wait()
        except BaseException:
            _end(process)
            raise
    if code:
        what, remedy = diagnose(log, code)
        raise fail(log, "", what, remedy)


def _named(problem: Problem, log: Path) -> Problem:
    """A problem of the training itself, naming the log."""
    return Problem(log, problem.where, problem.what, problem.remedy) if problem.file == "training" else problem


def _follow(process: subprocess.Popen[bytes], directory: Path, progress: Bar) -> int:
    """Show progress until the workers end, and give their exit status."""
    speed, shown = Speed(), 0.0
    while (code := process.poll()) is None:
        state = read_json(directory / PROGRESS)
        if state and state["steps"]:
            fraction = state["step"] / state["steps"]
            progress.note(speed.describe(state, time.monotonic()))
            progress.advance(fraction - shown)
            shown = fraction
        time.sleep(_POLL_SECONDS)
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _stop_at_sigterm(request: Path) -> Iterator[None]:
    """Turn SIGTERM into a file that the workers of all machines see."""
    before = signal.signal(signal.SIGTERM, lambda *_: request.touch())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _environment(settings: Mapping[str, Any], directory: Path) -> dict[str, str]:
    """The workers' variables: trackers are off unless the config asks for them."""
    variables = {**default_variables("train"), **os.environ}
    if settings.get("use_tensorboard"):
        variables.setdefault("TENSORBOARD_LOGGING_DIR", str(directory / TENSORBOARD))
    if settings.get("use_wandb") or settings.get("wandb_project"):
        variables.pop("WANDB_DISABLED", None)
    return variables
