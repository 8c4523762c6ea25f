"""The web server of the studio."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptune.errors import fail
from shoptune.infer.serve import Endpoint
from shoptune.runtime.progress import say
from shoptune.studio.guard import LOOPBACK, Guard
from shoptune.studio.run_folder import RunFolder

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_LEAST_TOKEN_LENGTH = 16
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Access:
    """Who may use the server.

    Attributes:
        endpoint: the address and the port to listen on.
        token: the token that users need, or None for a loopback address without one.
    """

    endpoint: Endpoint
    token: str | None

    @classmethod
    def of(cls, endpoint: Endpoint, variable: str | None, *, new_token: bool) -> Access:
        """Decide who may use a server.

        Args:
            endpoint: the address and the port.
            variable: the environment variable that holds the token, or None.
            new_token: make up a token.

        Raises:
            ShoptuneError: other machines can reach the address and there is no token, or the token is too short.
        """
        token = secrets.token_urlsafe(_TOKEN_BYTES) if new_token else None
        if variable:
            token = os.environ.get(variable, "")
            if len(token) < _LEAST_TOKEN_LENGTH:
                what = f"{variable} holds {len(token)} characters" if token else f"{variable} is not set"
                remedy = f"set it to a token of at least {_LEAST_TOKEN_LENGTH} characters"
                raise fail("--token-variable", "", what, remedy)
        if token is None and endpoint.host not in LOOPBACK:
            remedy = "add --new-token, or name an environment variable that holds a token with --token-variable"
            raise fail("--host", "", f"other machines can reach {endpoint.host}, and there is no token", remedy)
        return cls(endpoint, token)


def serve(run: RunFolder, access: Access, *, shows_token: bool) -> None:
    """Serve a run's folder until the process is interrupted.

    Raises:
        ShoptuneError: the port is in use.
    """
    import uvicorn

    access.endpoint.check()
    app = build_app(run, access)
    query = f"/?token={access.token}" if access.token and shows_token else ""
    say(f"studio: {run.root}: {access.endpoint.url}{query} (stop with Ctrl-C)")
    uvicorn.run(
        app, host=access.endpoint.host, port=access.endpoint.port, log_level="warning", access_log=False,
        server_header=False, proxy_headers=False,
    )  # fmt: skip


def build_app(run: RunFolder, access: Access) -> ASGIApp:
    """Return the app. The framework keeps its pages per process, so a process can serve one run."""
    os.environ.setdefault("NICEGUI_STORAGE_PATH", os.path.join(tempfile.gettempdir(), "shoptune-studio-unused"))  # noqa: PTH118
    from fastapi import FastAPI
    from nicegui import ui

    from shoptune.studio.shell import add_pages

    add_pages(run)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(app, title=run.name, dark=None, tailwind=False, show_welcome_message=False, reconnect_timeout=10.0)
    return Guard(app, access.token, only_loopback=access.endpoint.host in LOOPBACK)
