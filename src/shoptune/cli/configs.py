"""`shoptune configs`: list and copy the configs and example data that ship with shoptune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="List and copy configs and example data.\n\nExample: shoptune configs copy training_configs merge/v8.yaml",
    no_args_is_help=True,
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="a folder or file; default: all", show_default=False)
]


@app.command("list")
def configs_list(names: Names = None) -> None:
    """List shipped configs with their purpose. They can be used by name, without copying them.

    Example: shoptune configs list training_configs
    """
    from shoptune.config.shipped import select, shipped_root, summary_of

    for file in select(names or []):
        summary = summary_of(shipped_root() / file)
        typer.echo(f"{file:<48} {summary}".rstrip())


@app.command("copy")
def configs_copy(
    names: Names = None,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="folder to copy them to")] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace files that differ")] = False,
) -> None:
    """Copy shipped configs into a folder, so that you can edit them.

    Example: shoptune configs copy training_configs merge/v8.yaml
    """
    from shoptune.config.shipped import copy, select
    from shoptune.runtime.progress import say

    files = select(names or [])
    copied = copy(files, to, overwrite=overwrite)
    kept = f"; {len(files) - copied} already existed" if copied < len(files) else ""
    say(f"configs: {to}: copied {copied} file{'s' if copied != 1 else ''}{kept}")


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    parent.add_typer(app, name="configs")
