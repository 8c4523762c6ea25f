"""How to start vLLM's OpenAI-compatible server as a profile says."""

from __future__ import annotations

from pathlib import Path

from shoptune.infer.profile import Profile

SERVED_NAME = "shoptune"


def server_arguments(profile: Profile, checkpoint: Path, port: int) -> list[str]:
    """The arguments of `vllm serve`: the profile's engine settings, under vLLM's names.

    The server listens on this machine only, and takes the chat template from the checkpoint.
    """
    arguments = [
        "--model",
        str(checkpoint),
        "--served-model-name",
        SERVED_NAME,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    arguments += ["--seed", str(profile.seed)]
    for name, value in profile.engine.arguments().items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            arguments += [flag] if value else []
        else:
            arguments += [flag, str(value)]
    return arguments


def server_environment(profile: Profile) -> dict[str, str]:
    """What vLLM reads from the environment only."""
    return {"HF_HUB_OFFLINE": "1", **profile.engine.environment()}
