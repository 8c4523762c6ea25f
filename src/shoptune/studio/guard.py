"""Who may use the studio: a check of every request, pages and websocket alike, before the app sees it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "studio_token"
_HEADERS = {
    # Vue compiles templates in the browser, and the framework's page has inline scripts and styles.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Wraps the app. Refuses requests from other sites and, if there is a token, requests without it.

    Requests to a loopback address must name it in `Host`: a page of another site whose name was made to resolve to
    127.0.0.1 (DNS rebinding) sends its own name. A request that other sites' scripts sent, over HTTP or a websocket,
    has an `Origin` that differs from `Host`.

    The token comes in the address once (`?token=...`); a cookie replaces it from then on.
    """

    def __init__(self, app: ASGIApp, token: str | None, *, only_loopback: bool) -> None:
        self._app, self._token, self._only_loopback = app, token, only_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if problem := self._foreign(headers):
            await _refuse(scope, send, 403, problem)
        elif self._token and not self._has_cookie(headers):
            await self._ask_for_token(scope, send)
        elif self._token and scope["type"] == "http" and "token" in dict(_parameters(scope)):
            await self._admit(scope, send)  # a shared address with the token, opened again
        else:
            await self._app(scope, receive, _with_headers(send))

    def _foreign(self, headers: MutableMapping[str, str]) -> str:
        """Why a request comes from another site, or an empty text."""
        host = headers.get("host", "")
        if self._only_loopback and _name(host) not in LOOPBACK:
            return "This address is not served here. Open the address that `shoptune studio` printed."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "Requests from other sites are refused."
        return ""

    def _has_cookie(self, headers: MutableMapping[str, str]) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        value = cookies[COOKIE].value if COOKIE in cookies else ""
        return hmac.compare_digest(value.encode(), _cookie(self._token or "").encode())

    async def _ask_for_token(self, scope: Scope, send: Send) -> None:
        given = dict(_parameters(scope)).get("token", "")
        if scope["type"] == "http" and hmac.compare_digest(given.encode(), (self._token or "").encode()):
            await self._admit(scope, send)
        else:
            await _refuse(scope, send, 401, "A token is required. Open the address with ?token=TOKEN at its end.")

    async def _admit(self, scope: Scope, send: Send) -> None:
        """Set the cookie, and redirect to the same address without the token."""
        kept = urlencode([(name, value) for name, value in _parameters(scope) if name != "token"])
        path = "/" + scope["raw_path"].decode("latin-1").lstrip("/")  # two slashes would lead to another host
        cookie = f"{COOKIE}={_cookie(self._token or '')}; Path=/; HttpOnly; SameSite=Lax"
        await _answer(send, 303, "", {"Location": f"{path}?{kept}" if kept else path, "Set-Cookie": cookie})


def _cookie(token: str) -> str:
    """The cookie's value, from which the token cannot be computed."""
    return hashlib.sha256(f"shoptune studio {token}".encode()).hexdigest()


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _name(host: str) -> str:
    """The host of a `Host` header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the client gets status 403
    else:
        await _answer(send, status, text, {})


async def _answer(send: Send, status: int, text: str, headers: MutableMapping[str, str]) -> None:
    every = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **_HEADERS, **headers}
    await send({"type": "http.response.start", "status": status, "headers": _encoded(every.items())})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def _with_headers(send: Send) -> Send:
    """Add the security headers to a response."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*_allowed(message["headers"]), *_encoded(_HEADERS.items())]}
        await send(message)

    return sending


def _allowed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The app's headers, without those that would let other sites read a response."""
    return [(name, value) for name, value in headers if not name.lower().startswith(b"access-control-")]


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers]
