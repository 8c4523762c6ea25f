"""`shoptune serve`: an OpenAI-compatible server over a checkpoint."""

from __future__ import annotations

import typer

from shoptune.cli.options import Config, Model, Port, Set
from shoptune.runtime import environments


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
    environments.become("infer", "shoptune.infer.server", arguments, server_environment(profile))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)
