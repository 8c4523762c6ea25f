"""One server and one browser for all tests of the studio; each test gets a page of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from shoptune.runtime.plugins import load_plugins
from tests.conftest import ROOT
from tests.sharing import make_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# For modules whose tests use Chromium, which takes a minute of processor time in all.
IN_A_BROWSER = [pytest.mark.slow, pytest.mark.early]
_SECONDS_TO_START = 120  # on a machine that is busy with other tests
_WAIT_MILLISECONDS = 60_000


@dataclass(frozen=True)
class Studio:
    """A running server: its address, and the folder of the run that it shows."""

    url: str
    run: Path


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(run: Path, *options: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start `shoptune studio`, and wait until it answers."""
    command = [sys.executable, "-m", "shoptune", "studio", str(run), "--port", str(port), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=dict(os.environ))
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/favicon.ico", timeout=5)
        except HTTPError:  # a refusal: there is a token
            return process
        except URLError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    process.wait()
    raise AssertionError(f"the studio did not start: {log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def studio_run(shared_folder: Path, examples: Path) -> Path:
    """The folder of a run that has something for every page, made by the modules in tests/studio/made."""

    def make(out: Path) -> None:
        out.mkdir()
        for module in load_plugins("tests.studio.made").values():
            module.make(out, examples)

    return make_once(shared_folder / "studio-run", make, shared_folder / "studio-state")


@pytest.fixture(scope="session")
def studio(studio_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The server."""
    port = free_port()
    process = start(studio_run, port=port, log=tmp_path_factory.mktemp("studio") / "log")
    yield Studio(f"http://127.0.0.1:{port}", studio_run)
    stop(process)


@pytest.fixture(scope="session")
def _browser() -> Iterator[tuple[Browser, asyncio.AbstractEventLoop | None]]:
    """Chromium, and the event loop of playwright, which stays current in this thread while playwright is in use."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def browser(_browser: tuple[Browser, asyncio.AbstractEventLoop | None]) -> Iterator[Browser]:
    """Chromium; while a test uses it, `asyncio.run` cannot be called."""
    chromium, loop = _browser
    asyncio._set_running_loop(loop)
    yield chromium
    asyncio._set_running_loop(None)


Visit = Callable[..., "Page"]


@pytest.fixture
def visit(browser: Browser, studio: Studio) -> Iterator[Visit]:
    """A function that opens a path of the studio and waits for its heading; the browser must report no errors."""
    opened, errors = [], []

    def open_page(path: str, *, width: int = 1280, theme: str = "light", base: str = studio.url) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        context.set_default_timeout(_WAIT_MILLISECONDS)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("request", lambda request: errors.append(request.url) if _is_outside(request.url, base) else None)
        page.goto(f"{base}{path}")
        page.wait_for_selector("main h1")
        return page

    yield open_page
    for context in opened:
        context.close()
    assert errors == []


def _is_outside(url: str, base: str) -> bool:
    """Whether a request leaves the machine: the studio works offline."""
    return not url.startswith((base, base.replace("http", "ws"), "data:", "blob:"))
