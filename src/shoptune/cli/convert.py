"""`shoptune convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Force, Out

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="a checkpoint or an adapter with .bin weights", show_default=False)
]


def convert(folder: Folder, out: Out, force: Force = False) -> None:
    """Convert pickled weights (.bin) to safetensors, without running code that they may hold.

    Example: shoptune convert downloads/old-model --out downloads/old-model-safetensors
    """
    from shoptune.convert.stage import CONVERT
    from shoptune.stage import execute

    execute(CONVERT, folder, out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(convert)
