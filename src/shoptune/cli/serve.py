"""`shoptune serve` and `shoptune ask`: an OpenAI-compatible server over a checkpoint, and a question to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Config, Model, Set
from shoptune.runtime import environments

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="where the server listens")]


def serve(file: Config, model: Model, port: Port = 8000, overrides: Set = []) -> None:  # noqa: B006
    """Start vLLM's OpenAI-compatible server on a checkpoint, on this machine only.

    Example: shoptune serve infer/cpu.yaml --model runs/demo/awq
    """
    from shoptune.checkpoints.checkpoint import Checkpoint, locate
    from shoptune.infer.profile import load_profile
    from shoptune.infer.serve import server_arguments, server_environment

    profile = load_profile(file, overrides)
    checkpoint = Checkpoint(locate(model, file, "--model"))
    _ = checkpoint.shards  # refused here, before vLLM starts
    arguments = server_arguments(profile, checkpoint.path, port)
    environments.become("infer", "infer.server", arguments, server_environment(profile))


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
