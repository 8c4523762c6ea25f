"""`shoptune quantize`."""

from __future__ import annotations

import typer

from shoptune.cli.options import Config, Force, Out, Set


def quantize(file: Config, out: Out, overrides: Set = [], force: Force = False) -> None:  # noqa: B006 - typer copies it
    """Quantize a checkpoint to 4 bits. Layers are first padded with zeros, so that GPUs can share them evenly.

    Example: shoptune quantize quantize/demo.yaml --set model=runs/demo/merged --out runs/demo/awq
    """
    from shoptune.plan.checks import check_quantize, with_checks
    from shoptune.quantize.stage import QUANTIZE
    from shoptune.stage import ConfigFile, execute

    execute(with_checks(QUANTIZE, check_quantize), ConfigFile(file, overrides), out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(quantize)
