"""`shoptune train`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from shoptune.cli.options import Config, Force, Set
from shoptune.errors import fail

if TYPE_CHECKING:
    from shoptune.train.launch import Nodes
    from shoptune.train.stage import Arguments


class Launcher(StrEnum):
    """The ways to start the workers."""

    LOCAL = "local"
    TORCHRUN = "torchrun"
    SLURM = "slurm"


Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="folder to write the artifact to; not needed with --check")
]
Check = Annotated[bool, typer.Option("--check", help="check the config without training, offline and without a GPU")]
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="processes per machine, one per GPU; default: `machine` in the config"),
]
Launch = Annotated[
    Launcher,
    typer.Option(
        "--launcher", help="local: this machine; torchrun: one of several machines; slurm: submit a batch job"
    ),
]
NodeCount = Annotated[int, typer.Option("--nodes", min=1, help="number of machines that train together")]
NodeRank = Annotated[
    int,
    typer.Option(
        "--node-rank", min=0, envvar="SLURM_NODEID", help="number of this machine; machine 0 publishes the artifact"
    ),
]
Rendezvous = Annotated[
    str, typer.Option("--rendezvous", metavar="HOST:PORT", help="address of machine 0, for the others to connect to")
]
Sbatch = Annotated[
    list[str], typer.Option("--sbatch", metavar="OPTION=VALUE", help="an option for sbatch (repeatable)")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="show what would be done, and the worker command or the batch file")
]


def train(
    file: Config,
    out: Out = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    check: Check = False,
    launcher: Launch = Launcher.LOCAL,
    nodes: NodeCount = 1,
    processes: Processes = None,
    node_rank: NodeRank = 0,
    rendezvous: Rendezvous = "",
    sbatch: Sbatch = [],  # noqa: B006
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Train an adapter with axolotl.

    Example: shoptune train training_configs/demo-a.yaml --out runs/demo/adapter-a
    """
    if check:
        _check(file, overrides, processes)
        return
    if out is None:
        raise fail("--out", "", "is missing", "pass a folder for the adapter, or use --check")
    from shoptune.train.launch import Nodes
    from shoptune.train.stage import Arguments

    machines = Nodes(nodes, 1, node_rank, rendezvous)
    arguments = Arguments(file, overrides, processes, machines)
    if launcher is Launcher.SLURM:
        _slurm(arguments, out, sbatch, dry_run=dry_run)
        return
    _refuse_mixture(launcher, machines)
    if dry_run:
        if launcher is Launcher.LOCAL:
            _preview(arguments, out)
        _print_command(arguments, out)
    elif node_rank and nodes > 1:
        _join(arguments, out)
    else:
        from shoptune.plan.checks import check_train, with_checks
        from shoptune.stage import execute
        from shoptune.train.stage import TRAIN

        execute(with_checks(TRAIN, check_train), arguments, out, force=force)


def _check(file: Path, overrides: Sequence[str], processes: int | None) -> None:
    from shoptune.runtime import environments
    from shoptune.train.config import load_train_config

    load_train_config(file, overrides, built=False)  # reports errors in the YAML without the train environment
    if not environments.is_here("train"):
        environments.become("train", "shoptune", sys.argv[1:])
    from shoptune.train.checks.run import check_command

    report = check_command(file, overrides, processes)
    for note in report.notes:
        typer.echo(f"checked: {note}")
    for reason in report.unchecked:
        typer.echo(f"unchecked: {reason}")
    typer.echo(f"train: {file}: no problems found")


def _refuse_mixture(launcher: Launcher, nodes: Nodes) -> None:
    if launcher is Launcher.LOCAL and nodes.count > 1:
        raise fail(
            "--nodes", str(nodes.count), "the local launcher uses one machine", "use --launcher torchrun or slurm"
        )
    if nodes.rank >= nodes.count and launcher is Launcher.TORCHRUN:
        raise fail("--node-rank", str(nodes.rank), f"there are {nodes.count} machines", "count from 0")
    if nodes.count > 1 and ":" not in nodes.rendezvous:
        what = "is required with several machines"
        raise fail("--rendezvous", nodes.rendezvous, what, "pass machine 0 and a free port, such as node0:29500")


def _preview(arguments: Arguments, out: Path) -> None:
    from shoptune.stage import execute, only_preview
    from shoptune.train.stage import TRAIN

    with only_preview():
        execute(TRAIN, arguments, out)


def _print_command(arguments: Arguments, out: Path) -> None:
    from shoptune.train.exchange import JOB
    from shoptune.train.launch import command
    from shoptune.train.stage import machines

    job = out.with_name(f"{out.name}.partial") / JOB
    typer.echo(join(command(job, machines(arguments), "RUN")))


def _slurm(arguments: Arguments, out: Path, options: Sequence[str], *, dry_run: bool) -> None:
    from shoptune.train.config import load_train_config
    from shoptune.train.slurm import Submission, batch_file, submit
    from shoptune.train.stage import machines

    if not dry_run:
        load_train_config(arguments.file, arguments.overrides)  # also checks that the rows exist
    run = Submission(arguments.file, out, arguments.overrides, machines(arguments), options)
    if dry_run:
        typer.echo(batch_file(run, Path.cwd()), nl=False)
    else:
        typer.echo(submit(run, Path.cwd()))


def _join(arguments: Arguments, out: Path) -> None:
    from shoptune.runtime.progress import say
    from shoptune.train.stage import join as join_run
    from shoptune.train.stage import load

    job = load(arguments)
    join_run(job, out)
    say(f"train: machine {job.nodes.rank} of {job.nodes.count} is done; machine 0 publishes {out}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)
