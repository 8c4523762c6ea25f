"""`shoptune train`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoptune.cli.options import Config, Force, Out, Set


def train(
    file: Config,
    out: Out,
    overrides: Set = [],  # noqa: B006 - typer copies it
    processes: Annotated[int, typer.Option("--processes", min=1, help="workers on this machine, one per GPU")] = 1,
    force: Force = False,
) -> None:
    """Train an adapter with axolotl.

    Example: shoptune train training_configs/demo-a.yaml --out runs/demo/adapter-a
    """
    from shoptune.plan.checks import check_train, with_checks
    from shoptune.stage import execute
    from shoptune.train.stage import TRAIN, Arguments

    execute(with_checks(TRAIN, check_train), Arguments(file, overrides, processes), out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)
