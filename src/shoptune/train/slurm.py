"""A SLURM batch file for a training run that saves a checkpoint and requeues itself when its time is up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote

from shoptune.artifacts.publish import write_atomically
from shoptune.errors import fail
from shoptune.train.exchange import STOP
from shoptune.train.launch import Nodes

_PORT = 29500
_SIGNAL_SECONDS = 120  # before the time limit: a step and a checkpoint of a 72B adapter take less
_DEFAULTS = {"time": "30:00:00", "cpus-per-task": "32"}

_TEMPLATE = """\
#!/usr/bin/env bash
# Written by `shoptune train --launcher slurm`; submit it with sbatch.
{directives}
set -euo pipefail
cd {root}

# SLURM signals this script alone (B:) before the time limit. The workers save a checkpoint after their step, and the
# job, queued again, resumes from it.
requeue() {{
    mkdir -p {partial}
    touch {stop}
    wait || true
    scontrol requeue "$SLURM_JOB_ID"
    exit 0
}}
trap requeue TERM

hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
srun --kill-on-bad-exit=1 {command} --rendezvous "${{hosts%%$'\\n'*}}:{port}" &
workers=$!
wait "$workers"
"""


@dataclass(frozen=True)
class Submission:
    """A training run for SLURM.

    Attributes:
        file: the training YAML.
        out: the adapter's folder.
        overrides: `key.path=value` texts.
        nodes: machines and workers on each.
        options: options of sbatch, such as `partition=gpu`.
    """

    file: Path
    out: Path
    overrides: Sequence[str]
    nodes: Nodes
    options: Sequence[str] = ()


def batch_file(run: Submission, root: Path) -> str:
    """The batch file's text.

    Args:
        run: what to train, and where.
        root: the folder in which relative paths hold.

    Raises:
        ShoptuneError: an option is not NAME=VALUE.
    """
    partial = run.out.with_name(f"{run.out.name}.partial")
    return _TEMPLATE.format(
        directives="\n".join(f"#SBATCH --{line}" for line in _directives(run)),
        root=quote(str(root)),
        partial=quote(str(partial)),
        stop=quote(str(partial / STOP)),
        command=join(_command(run)),
        port=_PORT,
    )


def submit(run: Submission, root: Path) -> str:
    """Write the batch file next to the artifact and pass it to sbatch.

    Returns:
        What sbatch said.

    Raises:
        ShoptuneError: sbatch is not installed, or it rejected the file.
    """
    file = run.out.with_name(f"{run.out.name}.sbatch")
    write_atomically(file, batch_file(run, root))
    try:
        return subprocess.run(["sbatch", str(file)], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    except FileNotFoundError as error:
        raise fail(file, "", "sbatch is not on this machine", "submit the file where SLURM is") from error
    except subprocess.CalledProcessError as error:
        raise fail(file, "", f"sbatch refused it: {error.stderr.strip()}", "correct --sbatch OPTION=VALUE") from error


def _directives(run: Submission) -> list[str]:
    chosen = dict(_DEFAULTS)
    for option in run.options:
        name, separator, value = option.partition("=")
        if not separator or not name or any(mark in option for mark in "\n\r"):
            raise fail("--sbatch", option, "is not OPTION=VALUE", "write for example --sbatch partition=gpu")
        chosen[name.removeprefix("--")] = value
    fixed = {
        "job-name": f"shoptune-{run.file.stem}",
        "nodes": run.nodes.count,
        "ntasks-per-node": 1,
        "gpus-per-node": run.nodes.processes,
        "signal": f"B:TERM@{_SIGNAL_SECONDS}",
        "open-mode": "append",
        "output": run.out.with_name(f"{run.out.name}.slurm.log"),
    }
    return [*(f"{name}={value}" for name, value in {**fixed, **chosen}.items()), "requeue"]


def _command(run: Submission) -> list[str]:
    here = Path(sys.executable).with_name("shoptune")
    command = [str(here) if here.is_file() else "shoptune", "train", str(run.file), "--out", str(run.out)]
    for override in run.overrides:
        command += ["--set", override]
    command += ["--launcher", "torchrun", "--nodes", str(run.nodes.count)]
    return [*command, "--processes", str(run.nodes.processes)]
