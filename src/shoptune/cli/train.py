"""`shoptune train`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Config, Force, Set
from shoptune.errors import fail

_Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="the artifact's folder; not needed with --check")
]
_Check = Annotated[bool, typer.Option("--check", help="check the config without training, offline and without a GPU")]
_Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, help="workers on this machine, one per GPU; default: as the config's `machine`"),
]


def train(
    file: Config,
    out: _Out = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    check: _Check = False,
    processes: _Processes = None,
    force: Force = False,
) -> None:
    """Train an adapter with axolotl.

    Example: shoptune train training_configs/demo-a.yaml --out runs/demo/adapter-a
    """
    if check:
        _check(file, overrides, processes)
        return
    if out is None:
        raise fail("--out", "", "missing", "name the adapter's folder, or give --check")
    from shoptune.stage import execute
    from shoptune.train.stage import TRAIN, Arguments

    execute(TRAIN, Arguments(file, overrides, processes), out, force=force)


def _check(file: Path, overrides: Sequence[str], processes: int | None) -> None:
    from shoptune.runtime import environments
    from shoptune.train.config import load_train_config

    load_train_config(file, overrides, built=False)  # faults of the YAML need no other environment
    if not environments.is_here("train"):
        environments.become("train", "shoptune", sys.argv[1:])
    from shoptune.train.checks.run import check_command

    report = check_command(file, overrides, processes)
    for note in report.notes:
        typer.echo(f"checked: {note}")
    for reason in report.unchecked:
        typer.echo(f"unchecked: {reason}")
    typer.echo(f"train: {file}: no problem found")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)
