"""`shoptune serve`: serve a checkpoint with vLLM's OpenAI-compatible server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import ApiKey, Config, Host, Model, Port, Set
from shoptune.runtime import environments
from shoptune.runtime.progress import say

Adapters = Annotated[
    list[str], typer.Option("--adapter", metavar="NAME=DIR", help="also serve an adapter under a name (repeatable)")
]
LogFile = Annotated[
    Path | None,
    typer.Option("--log-file", metavar="FILE", help="file for the server's output; default: a temporary file"),
]


def serve(
    file: Config,
    model: Model,
    adapters: Adapters = [],  # noqa: B006 - typer copies it
    host: Host = "127.0.0.1",
    port: Port = 8000,
    api_key: ApiKey = None,
    log: LogFile = None,
    overrides: Set = [],  # noqa: B006
) -> None:
    """Serve a checkpoint over HTTP. Starts vLLM's OpenAI-compatible server with an inference profile.

    Example: shoptune serve infer/cpu.yaml --model runs/demo/awq
    """
    from shoptune.checkpoints.checkpoint import Checkpoint, locate
    from shoptune.infer.checks import check_checkpoint, with_adapters
    from shoptune.infer.profile import load_profile
    from shoptune.infer.serve import Endpoint, Server, named_adapter

    endpoint = Endpoint(host, port)
    endpoint.check()
    checkpoint = Checkpoint(locate(model, file, "--model"))
    folders = {name: locate(folder, file, "--adapter") for name, folder in map(named_adapter, adapters)}
    profile = with_adapters(load_profile(file, overrides), list(folders.values()))
    check_checkpoint(profile, file, checkpoint)
    server = Server(profile, checkpoint.path, endpoint, folders)
    if api_key:
        os.environ["VLLM_API_KEY"] = api_key  # other users of the machine could read an argument
    elif host not in {"127.0.0.1", "localhost", "::1"}:
        say(f"warning: anyone who can reach {host}:{port} can use the server; require a key with --api-key")
    arguments = [str(log or endpoint.log), endpoint.url, *server.arguments()]
    environments.become("infer", "shoptune.infer.server", arguments, server.environment())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
