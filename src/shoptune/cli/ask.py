"""`shoptune ask`: a question to a running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Port, Set


def ask(
    question: Annotated[str, typer.Argument(help="a question in ShopBench's words")],
    multiple_choice: Annotated[bool, typer.Option("--multiple-choice", help="the answer is a listed number")] = False,
    port: Port = 8000,
    file: Annotated[
        Path | None, typer.Option("--profile", metavar="CONFIG.yaml", help="how to put it; by default the winners' way")
    ] = None,
    overrides: Set = [],  # noqa: B006
) -> None:
    """Ask the server that `shoptune serve` started.

    Example: shoptune ask "Explain the product type kettle" --profile infer/cpu.yaml
    """
    from shoptune.infer.ask import ask_server
    from shoptune.infer.profile import load_profile

    profile, url = load_profile(file, overrides), f"http://127.0.0.1:{port}"
    typer.echo(ask_server(question, url, profile, is_multiple_choice=multiple_choice))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ask)
