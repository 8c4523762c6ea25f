"""`shoptune quantize`."""

from __future__ import annotations

import typer

from shoptune.cli.options import Config, Force, Out, Set


def quantize(file: Config, out: Out, overrides: Set = [], force: Force = False) -> None:  # noqa: B006 - typer copies it
    """Pad a checkpoint with zeros and quantize it to 4 bits.

    Example: shoptune quantize quantize/demo.yaml --set model=runs/demo/merged --out runs/demo/awq
    """
    from shoptune.quantize.stage import QUANTIZE, Arguments
    from shoptune.stage import execute

    execute(QUANTIZE, Arguments(file, overrides), out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(quantize)
