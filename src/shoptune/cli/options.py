"""What the commands share: their options, and the line that ends each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.artifacts.publish import Artifact
from shoptune.runtime.progress import elapsed, say

Config = Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="the stage's config", show_default=False)]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="the artifact's directory", show_default=False)]
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="change one config value, as in a.b=c")]
Force = Annotated[bool, typer.Option("--force", help="do it again although it is up to date")]
Questions = Annotated[
    Path, typer.Option("--questions", metavar="FILE", help="questions in ShopBench's development format")
]
Model = Annotated[str, typer.Option("--model", metavar="DIR", help="folder or hub id of the checkpoint")]


def report_artifact(made: Artifact, since: float, following: str) -> None:
    """The one line that ends every stage."""
    files = len(made.manifest["outputs"])
    size = f"{made.bytes / 1e6:.2f} MB in {files} file{'s' if files > 1 else ''}"
    state = f"wrote {size} in {elapsed(since)}" if made.rebuilt else f"up to date ({size}), nothing to do"
    say(f"{made.manifest['stage']}: {made.path}: {state}; next: {following}")
