"""`shoptune report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run_directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of artifacts, such as runs/demo")],
) -> None:
    """Summarize the artifacts of a run. Writes report.html and scores.json to the run's folder.

    Example: shoptune report runs/demo
    """
    from shoptune.report.run import run
    from shoptune.runtime.progress import say

    say(run(run_directory))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)
