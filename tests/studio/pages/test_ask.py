"""The page that asks models in a browser: servers at a URL, and one that the studio starts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.serving import serving
from tests.studio.conftest import IN_A_BROWSER, Studio, Visit, free_port, start, stop
from tests.studio.made.answers import SCRIPT
from tests.warm.interpreters import WarmInterpreters

pytestmark = IN_A_BROWSER

CHOICE = "Which of these is worn on the feet?\n0. mug\n1. sock\n2. kettle\n3. lamp\nAnswer: "


class _Model(BaseHTTPRequestHandler):
    """Stands in for vLLM's server: answers questions about a script with one, and other questions with 1."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        text = f"Answer: {SCRIPT}" if "script" in body["messages"][-1]["content"] else "1"
        self.send_response(200 if body["model"] == "shoptune" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"choices": [{"message": {"content": text}}]}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with serving(_Model) as address:
        yield address


def _address(url: str, question: str, **more: str) -> str:
    parameters = {"left": "at a URL", "left_url": url, "right": "none", "question": question, **more}
    return "/ask?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())


def test_servers_at_urls_answer_side_by_side(visit: Visit, url: str) -> None:
    page = visit(_address(url, CHOICE, right="at a URL", right_url="http://127.0.0.1:9", right_name="merged"))
    page.get_by_text("one of 0, 1, 2, 3; limit 1 token").wait_for()
    page.get_by_role("button", name="Ask", exact=True).click()
    answer = page.get_by_role("region", name=f"Answer of shoptune at {url}")
    answer.wait_for()
    assert answer.inner_text().split("\n")[1] == "1"
    wrong = page.get_by_role("region", name="Answer of merged at http://127.0.0.1:9").get_by_role("alert").inner_text()
    assert wrong.startswith("http://127.0.0.1:9: no server answers (connection refused); start one")
    assert _Model.asked[-1]["structured_outputs"] == {"regex": "(0|1|2|3)"}


def test_answers_are_text_and_the_keyboard_asks(visit: Visit, url: str) -> None:
    page = visit(_address(url, ""), width=420, theme="dark")
    question = page.get_by_label("A question, worded as in ShopBench")
    question.fill(f"Explain the product {SCRIPT}")
    page.get_by_text("any text; limit 65 tokens").wait_for()
    page.wait_for_url("**question=Explain*")
    question.press("Control+Enter")
    answer = page.get_by_role("region", name=f"Answer of shoptune at {url}")
    answer.wait_for()
    assert answer.inner_text().count(SCRIPT) == 2  # repaired and raw
    assert f"Answer: {SCRIPT}" in answer.inner_text()
    assert page.evaluate("window.broken") is None


def test_a_model_that_is_not_served_is_not_asked(visit: Visit) -> None:
    page = visit(f"/ask?left=base&right=none&question={quote(CHOICE)}")
    page.get_by_role("button", name="Ask", exact=True).click()
    alert = page.get_by_role("region", name="Answer of base").get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "base is not served. Start it first."


def test_the_studio_serves_a_checkpoint_and_stops_it_when_it_ends(
    visit: Visit, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in WarmInterpreters.current.variables().items():
        monkeypatch.setenv(name, value)
    port = free_port()
    process = start(studio.run, port=port, log=tmp_path / "log")
    try:
        page = visit(f"/ask?left=base&right=none&question={quote(CHOICE)}&choice=yes", base=f"http://127.0.0.1:{port}")
        page.get_by_role("button", name="Start base").click()
        page.get_by_text("Starting for").wait_for()
        ready = page.get_by_text("Ready at http://")
        ready.wait_for(timeout=300_000)
        served = ready.inner_text().split()[2]
        assert _responds(served)
        page.get_by_role("button", name="Ask", exact=True).click()
        answer = page.get_by_role("region", name="Answer of base")
        answer.wait_for()
        assert answer.inner_text().split("\n")[1] in {"0", "1", "2", "3"}
        page.context.close()
    finally:
        stop(process)
    assert process.returncode is not None
    deadline = time.monotonic() + 60
    while _responds(served):
        assert time.monotonic() < deadline, "the server outlived the studio"
        time.sleep(0.1)


def _responds(url: str) -> bool:
    try:
        urlopen(f"{url}/health", timeout=5)  # noqa: S310 - our own server
    except URLError:
        return False
    return True
