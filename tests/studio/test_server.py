"""The server as users start it: what it answers, and to whom."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.studio.conftest import Studio, free_port, start, stop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_TOKEN = "a-token-of-many-characters"  # noqa: S105
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
_SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
_POLLING = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"


def _status(url: str, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> tuple[int, str]:
    """The status and the text of an answer."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=60)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, "" if answer.status == 101 else answer.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        *("/data-a/stats.json", "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd"),
        *("/static/../../../etc/passwd", "/docs", "/openapi.json", "/file?path=/etc/passwd", "/data-a/manifest.json"),
    ],
)
def test_no_file_is_served(studio: Studio, path: str) -> None:
    status, text = _status(studio.url, path)
    assert status == 404
    assert "root:" not in text
    assert "by_task" not in text


@pytest.mark.parametrize("path", ["/", _SOCKET, _POLLING])
def test_requests_from_other_sites_are_refused(studio: Studio, path: str) -> None:
    upgrade = _UPGRADE if path == _SOCKET else {}
    assert _status(studio.url, path, upgrade)[0] == (101 if path == _SOCKET else 200)
    assert _status(studio.url, path, {**upgrade, "Origin": "https://evil.example"})[0] == 403
    assert _status(studio.url, path, {**upgrade, "Host": "evil.example"})[0] == 403


@pytest.mark.parametrize("value", ["../../../etc", "'; DROP TABLE x; --\x00" + "9" * 400])
def test_made_up_addresses_do_no_harm(studio: Studio, value: str) -> None:
    for path in ("/?artifact=", "/rows?build=", "/rows?row=", "/rows?page=", "/rows?text="):
        assert _status(studio.url, path + quote(value))[0] == 200


@pytest.mark.slow
@pytest.mark.early
def test_a_token_is_needed_if_there_is_one(
    studio_run: Path, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_TOKEN", _TOKEN)
    port = free_port()
    options = ("--host", "0.0.0.0", "--token-variable", "STUDIO_TOKEN")  # noqa: S104
    process = start(studio_run, *options, port=port, log=tmp_path / "log")
    try:
        url = f"http://127.0.0.1:{port}"
        assert _TOKEN not in (tmp_path / "log").read_text()
        for path, upgrade in (("/", {}), (_POLLING, {}), (_SOCKET, _UPGRADE), ("/_nicegui/x", {})):
            assert _status(url, path, upgrade)[0] in {401, 403}
        assert _status(url, f"{_SOCKET}&token={_TOKEN}", _UPGRADE)[0] == 403
        context = browser.new_context()
        page = context.new_page()
        assert page.goto(f"{url}/rows").status == 401  # type: ignore[union-attr]
        page.goto(f"{url}/rows?build=data-a&token={_TOKEN}")
        page.wait_for_selector("main h1")
        assert page.url == f"{url}/rows?build=data-a"
        page.get_by_text("Kissen aus Wolle").click()  # works over the websocket
        page.get_by_test_id("row").wait_for()
        context.close()
    finally:
        stop(process)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "error: --host: other machines can reach 0.0.0.0, and there is no token; add"),  # noqa: S104
        (["--token-variable", "NOT_SET"], "error: --token-variable: NOT_SET is not set; set it to a token of at least"),
    ],
)
def test_wrong_options_end_with_one_line(studio_run: Path, arguments: list[str], message: str) -> None:
    command = [sys.executable, "-m", "shoptune", "studio", str(studio_run), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert ended.stderr.startswith(message)
