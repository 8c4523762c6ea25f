"""The guard: whose requests reach the app."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from shoptune.errors import ShoptuneError
from shoptune.infer.serve import Endpoint
from shoptune.studio.guard import COOKIE, Guard
from shoptune.studio.server import Access

_TOKEN = "a-token-of-many-characters"  # noqa: S105
_HOST = {"host": "localhost:7860"}


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"access-control-allow-origin", b"*")]})
    await send({"type": "http.response.body", "body": b"page"})


def _ask(
    headers: dict[str, str], query: str = "", *, token: str | None = None, kind: str = "http", path: str = "/rows"
) -> list[dict[str, Any]]:
    """The messages that a request is answered with."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": pairs}
    asyncio.run(Guard(_app, token, only_loopback=token is None)(scope, receive, send))
    return [dict(message) for message in sent]


def _headers(answer: list[dict[str, Any]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer[0]["headers"]}


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860"])
def test_a_loopback_address_may_be_named(host: str) -> None:
    assert _ask({"host": host})[0]["status"] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:7860", "", "[", "192.168.0.1:7860"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_is_refused(host: str, kind: str) -> None:
    """DNS rebinding: a site's own name leads to 127.0.0.1."""
    first = _ask({"host": host}, kind=kind)[0]
    assert (first.get("status"), first.get("code")) == ((403, None) if kind == "http" else (None, 1008))


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_scripts_of_other_sites_are_refused(origin: str, kind: str) -> None:
    first = _ask({**_HOST, "origin": origin}, kind=kind)[0]
    assert (first.get("status"), first.get("code")) == ((403, None) if kind == "http" else (None, 1008))


def test_our_own_scripts_are_not() -> None:
    assert _ask({**_HOST, "origin": "http://localhost:7860"}, kind="websocket") == [{"type": "websocket.accept"}]


def test_answers_have_security_headers_and_allow_no_other_site() -> None:
    headers = _headers(_ask(_HOST))
    assert "access-control-allow-origin" not in headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "token=", "token=wrong", f"token={_TOKEN}x", "token=%ff"])
def test_without_the_token_nothing_is_answered(query: str) -> None:
    answer = _ask({"host": "studio.example"}, query, token=_TOKEN)
    assert answer[0]["status"] == 401
    assert b"page" not in answer[1]["body"]


def test_the_token_is_replaced_by_a_cookie() -> None:
    answer = _ask({"host": "studio.example"}, f"view=mix&token={_TOKEN}", token=_TOKEN)
    headers = _headers(answer)
    assert answer[0]["status"] == 303
    assert headers["location"] == "/rows?view=mix"
    cookie, _, attributes = headers["set-cookie"].partition(";")
    assert attributes == " Path=/; HttpOnly; SameSite=Lax"
    assert cookie.startswith(f"{COOKIE}=")
    assert _TOKEN not in cookie
    for kind in ("http", "websocket"):
        host = {"host": "studio.example"}
        first = _ask(host | {"cookie": cookie}, token=_TOKEN, kind=kind)[0]
        assert first.get("status") == 200 or first["type"] == "websocket.accept"
        refused = _ask(host | {"cookie": f"{cookie}0"}, token=_TOKEN, kind=kind)[0]
        assert refused.get("status") == 401 or refused.get("code") == 1008
    again = _ask({"host": "studio.example", "cookie": cookie}, "token=old", token=_TOKEN)
    assert _headers(again)["location"] == "/rows"


def test_a_websocket_needs_the_cookie() -> None:
    refused = _ask({"host": "studio.example"}, f"token={_TOKEN}", token=_TOKEN, kind="websocket")
    assert refused == [{"type": "websocket.close", "code": 1008}]


def test_the_redirect_stays_on_the_host() -> None:
    answer = _ask({"host": "studio.example"}, f"token={_TOKEN}", token=_TOKEN, path="//evil.example/")
    assert _headers(answer)["location"] == "/evil.example/"


def test_another_host_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere = Endpoint("0.0.0.0", 7860)  # noqa: S104
    assert Access.of(Endpoint(), None, new_token=False).token is None
    assert len(Access.of(everywhere, None, new_token=True).token or "") >= 32
    with pytest.raises(ShoptuneError, match=r"--host: other machines can reach 0\.0\.0\.0, and there is no token; add"):
        Access.of(everywhere, None, new_token=False)
    with pytest.raises(ShoptuneError, match="--token-variable: STUDIO_TOKEN is not set"):
        Access.of(everywhere, "STUDIO_TOKEN", new_token=False)
    monkeypatch.setenv("STUDIO_TOKEN", "short")
    with pytest.raises(ShoptuneError, match="STUDIO_TOKEN holds 5 characters; set it to a token of at least 16"):
        Access.of(everywhere, "STUDIO_TOKEN", new_token=False)
    monkeypatch.setenv("STUDIO_TOKEN", _TOKEN)
    assert Access.of(everywhere, "STUDIO_TOKEN", new_token=False).token == _TOKEN
