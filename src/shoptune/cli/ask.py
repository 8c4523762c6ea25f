"""`shoptune ask`: a question to a running server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import ApiKey, Host, Port, Set


def ask(
    question: Annotated[str, typer.Argument(help="a question in ShopBench's words")],
    multiple_choice: Annotated[bool, typer.Option("--multiple-choice", help="the answer is a listed number")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key: ApiKey = None,
    adapter: Annotated[str | None, typer.Option("--adapter", metavar="NAME", help="an adapter that is served")] = None,
    file: Annotated[
        Path | None, typer.Option("--profile", metavar="CONFIG.yaml", help="how to put the question")
    ] = None,
    overrides: Set = [],  # noqa: B006
) -> None:
    """Ask the server that `shoptune serve` started.

    Example: shoptune ask "Explain the product type kettle" --profile infer/cpu.yaml
    """
    from shoptune.infer.ask import Client
    from shoptune.infer.profile import load_profile
    from shoptune.infer.prompt import Prompt
    from shoptune.infer.serve import SERVED_NAME, Endpoint

    client = Client(Endpoint(host, port).url, api_key, adapter or SERVED_NAME)
    typer.echo(client.ask(Prompt(question, multiple_choice), load_profile(file, overrides)))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ask)
