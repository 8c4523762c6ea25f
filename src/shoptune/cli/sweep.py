"""`shoptune sweep`."""

from __future__ import annotations

import typer

from shoptune.cli.options import Config, Force, Out, Set


def sweep(file: Config, out: Out, overrides: Set = [], force: Force = False) -> None:  # noqa: B006 - typer copies it
    """Score several wise-ft alphas of a merge, or several ways to quantize a model. One engine process scores all.

    Example: shoptune sweep merge/sweeps/demo.yaml --out runs/demo/sweep
    """
    from shoptune.plan.checks import check_sweep, with_checks
    from shoptune.stage import ConfigFile, execute
    from shoptune.sweep.grid_config import is_grid
    from shoptune.sweep.stage import SWEEP

    if is_grid(file):
        from shoptune.sweep.grid import GRID

        execute(GRID, ConfigFile(file, overrides), out, force=force)
        return
    execute(with_checks(SWEEP, check_sweep), ConfigFile(file, overrides), out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)
