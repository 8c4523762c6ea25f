"""How to start vLLM's OpenAI-compatible server with a profile."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shoptune.errors import fail
from shoptune.infer.profile import Profile

SERVED_NAME = "shoptune"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where a client on this machine finds such a server


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def url(self) -> str:
        """Where a client on this machine reaches it."""
        host = _ANY.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{host}:{self.port}"

    @property
    def log(self) -> Path:
        """The default file for what the server prints."""
        return Path(tempfile.gettempdir()) / f"shoptune-serve-{self.port}.log"

    def check(self) -> None:
        """Check that the port can be used, before a model is loaded.

        Raises:
            ShoptuneError: another process listens there, or the host is not one of this machine's addresses.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                what = f"cannot listen on {self.host}:{self.port}: {(error.strerror or str(error)).lower()}"
                raise fail("--port", "", what, "choose another with --host or --port") from error


@dataclass(frozen=True)
class Server:
    """A server to start.

    Attributes:
        profile: its engine settings.
        checkpoint: the folder of the model, which it serves as `shoptune`; its chat template renders the prompts.
        endpoint: where it listens.
        adapters: folders of adapters, by the names it serves them under.
    """

    profile: Profile
    checkpoint: Path
    endpoint: Endpoint = Endpoint()
    adapters: Mapping[str, Path] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """The arguments of `vllm serve`."""
        arguments = ["--model", str(self.checkpoint), "--served-model-name", SERVED_NAME]
        arguments += ["--host", self.endpoint.host, "--port", str(self.endpoint.port)]
        arguments += ["--seed", str(self.profile.seed)]
        for name, value in self.profile.engine.arguments().items():
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                arguments += [flag] if value else []
            else:
                arguments += [flag, str(value)]
        if self.adapters:
            arguments += ["--max-loras", str(len(self.adapters))]
            arguments += ["--lora-modules", *(f"{name}={path}" for name, path in self.adapters.items())]
        return arguments

    def environment(self) -> dict[str, str]:
        """What vLLM reads from the environment only."""
        return {"HF_HUB_OFFLINE": "1", **self.profile.engine.environment()}


def named_adapter(text: str) -> tuple[str, str]:
    """The name and the folder of `NAME=DIR`.

    Raises:
        ShoptuneError: the text has another form, or the name is the base's.
    """
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise fail("--adapter", "", f"'{text}' is not of the form NAME=DIR", "name the adapter, as in tuned=DIR")
    if name == SERVED_NAME:
        raise fail("--adapter", "", f"'{name}' is the name of the base model", "choose another name")
    return name, folder
