"""The arguments that start vLLM's OpenAI-compatible server with a profile."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shoptune.errors import fail
from shoptune.infer.profile import Profile

SERVED_NAME = "shoptune"
# Otherwise, a small model that is constrained to JSON may write blanks between two parts up to the length limit.
_COMPACT_JSON = {"backend": "xgrammar", "disable_any_whitespace": True}
_ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - wildcard addresses, and how a local client connects


@dataclass(frozen=True)
class Endpoint:
    """The address and the port that a server listens on."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def url(self) -> str:
        """The base URL for a client on the same machine."""
        host = _ANY.get(self.host, f"[{self.host}]" if ":" in self.host else self.host)
        return f"http://{host}:{self.port}"

    @property
    def log(self) -> Path:
        """The default file for the server's output."""
        return Path(tempfile.gettempdir()) / f"shoptune-serve-{self.port}.log"

    def check(self) -> None:
        """Check that the port can be used. Called before the model is loaded.

        Raises:
            ShoptuneError: another process uses the port, or the host is not an address of this machine.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                what = f"cannot listen on {self.host}:{self.port}: {(error.strerror or str(error)).lower()}"
                raise fail("--port", "", what, "choose another address or port with --host or --port") from error


@dataclass(frozen=True)
class Server:
    """The settings of a server to start.

    Attributes:
        profile: the inference profile, which has the engine's arguments.
        checkpoint: the folder of the model, served under the name `shoptune`; its chat template renders the prompts.
        endpoint: the address and port to listen on.
        adapters: the folders of adapters, by the names under which they are served.
    """

    profile: Profile
    checkpoint: Path
    endpoint: Endpoint = Endpoint()
    adapters: Mapping[str, Path] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """Return the arguments of `vllm serve`."""
        arguments = ["--model", str(self.checkpoint), "--served-model-name", SERVED_NAME]
        arguments += ["--host", self.endpoint.host, "--port", str(self.endpoint.port)]
        arguments += ["--seed", str(self.profile.seed), "--structured-outputs-config", json.dumps(_COMPACT_JSON)]
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
        """Return the environment variables to start the server with."""
        return {"HF_HUB_OFFLINE": "1", **self.profile.engine.environment()}


def named_adapter(text: str) -> tuple[str, str]:
    """Split `NAME=DIR` into the adapter's name and its folder.

    Raises:
        ShoptuneError: the text is not of that form, or the name is that of the base model.
    """
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise fail("--adapter", "", f"'{text}' is not of the form NAME=DIR", "pass a name too, such as tuned=DIR")
    if name == SERVED_NAME:
        raise fail("--adapter", "", f"'{name}' is reserved for the base model", "choose another name")
    return name, folder
