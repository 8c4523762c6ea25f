"""`shoptune ask`: ask a running server a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import ApiKey, Host, Port, Set


def ask(
    question: Annotated[str, typer.Argument(help="a question, worded as in ShopBench")],
    multiple_choice: Annotated[
        bool, typer.Option("--multiple-choice", help="expect the number of a listed option")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key: ApiKey = None,
    adapter: Annotated[
        str | None, typer.Option("--adapter", metavar="NAME", help="the name of a served adapter")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--profile", metavar="CONFIG.yaml", help="an inference profile, for the prompt")
    ] = None,
    overrides: Set = [],  # noqa: B006
) -> None:
    """Ask a running server a question. Start the server with `shoptune serve`.

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
