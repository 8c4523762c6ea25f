"""`shoptune studio`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Host, Port

TokenVariable = Annotated[
    str | None,
    typer.Option("--token-variable", metavar="NAME", help="environment variable that holds the token users need"),
]
NewToken = Annotated[bool, typer.Option("--new-token", help="require a random token, and print the address with it")]


def studio(
    run_directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of artifacts, such as runs/demo")],
    port: Port = 7860,
    host: Host = "127.0.0.1",
    token_variable: TokenVariable = None,
    new_token: NewToken = False,
) -> None:
    """Look at a run in the browser: artifacts, rows, training curves, the sweep, answers, and a chat with the model.

    Example: shoptune studio runs/demo
    """
    from shoptune.infer.serve import Endpoint
    from shoptune.studio.run_folder import RunFolder
    from shoptune.studio.server import Access, serve

    access = Access.of(Endpoint(host, port), token_variable, new_token=new_token)
    serve(RunFolder.open(run_directory), access, shows_token=new_token)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(studio)
