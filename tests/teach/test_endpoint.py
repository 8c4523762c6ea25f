"""Requests to a real endpoint that fails in the ways endpoints fail."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from shoptune.errors import ShoptuneError
from shoptune.teach.endpoint import refuse_remote
from shoptune.teach.stage import Arguments, load
from tests.teach.shop import Shop, store
from tests.teach.stand_in import Response, serving

NAME = {"name": "kettle"}
SECRET = "sk-very-secret-0123456789"  # noqa: S105
FILE = Path("names.yaml")


@pytest.mark.parametrize(
    "first",
    [
        Response(status=429, raw='{"error": {"message": "slow down"}}', headers={"Retry-After": "0.2"}),
        Response(status=500, raw="oops", headers={"Retry-After": "0.2"}),
        Response(status=503, raw="", headers={"retry-after-ms": "50"}),
    ],
    ids=["429", "500", "503"],
)
def test_a_request_that_fails_once_is_repeated(first: Response, shop: Shop) -> None:
    with serving(lambda number, _: first if number == 0 else Response(NAME)) as endpoint:
        taught = shop.teach(endpoint.url, backend={"max_retries": 2, "concurrency": 1})
        assert len(endpoint.asked) == 4
        assert endpoint.asked[1] == endpoint.asked[0]
    assert (len(taught.rows), taught.calls["asked"], taught.summary["failed"]) == (4, 3, 0)
    if first.status != 503:
        assert endpoint.times[1] - endpoint.times[0] >= 0.2


def test_a_request_that_takes_too_long_is_repeated(shop: Shop) -> None:
    slow = Response(NAME, delay=0.6)
    with serving(lambda number, _: slow if number == 0 else Response(NAME)) as endpoint:
        taught = shop.teach(endpoint.url, backend={"max_retries": 1, "timeout_seconds": 0.3, "concurrency": 1})
        assert len(endpoint.asked) == 4
    assert len(taught.rows) == 4


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Response(status=500, raw='{"error": {"message": "out of  memory"}}'), "status 500: out of memory"),
        (Response(status=400, raw='{"error": {"message": "context too long"}}'), "status 400: context too long"),
        (Response(status=429, raw="{}"), "status 429: "),
        (Response(NAME, delay=0.6), "no answer within 0.3 s"),
        (Response(raw="<html>"), "malformed response"),
        (Response(raw='{"choices": []}'), "malformed response"),
        (Response(raw='{"choices": null}'), "malformed response"),
        (Response(raw="[1]"), "malformed response"),
        (Response(status=302, raw="", headers={"Location": "http://example.com"}), "status 302: "),
    ],
    ids=["500", "400", "429", "time-out", "html", "no choice", "null", "list", "redirect"],
)
def test_a_request_that_fails_for_good_is_set_aside_and_asked_again_next_time(
    bad: Response, reason: str, shop: Shop
) -> None:
    def script(number: int, body: dict[str, Any]) -> Response:
        return bad if "Blue" in body["messages"][-1]["content"] and number < 3 else Response(NAME)

    with serving(script) as endpoint:
        taught = shop.teach(endpoint.url, backend={"timeout_seconds": 0.3})
        assert sorted(row["sku"] for row in taught.rows) == ["a", "b", "d"]
        (line,) = taught.rejected
        assert (line["sku"], line["answer"]) == ("c", None)
        assert line["reason"].startswith(f"request failed: {reason}")
        assert taught.summary["failed"] == 1
        whole = shop.teach(endpoint.url)
        assert len(endpoint.asked) == 4
    assert (len(whole.rows), whole.rejected) == (4, [])


@pytest.mark.slow
def test_too_many_failures_end_the_run_with_one_line_and_keep_the_answers(tmp_path: Path) -> None:
    tables = store(tmp_path / "tables", [(f"{number}", f"Kettle {number}", "kettle") for number in range(100)])
    shop = Shop(tmp_path, tables)
    ill = Response(status=500, raw='{"error": {"message": "ill"}}')
    with serving(lambda number, _: Response(NAME) if number < 40 else ill) as endpoint:
        message = r"backend: 6 requests failed, most of them: status 500: ill; .* run the same command; 40 answers are"
        with pytest.raises(ShoptuneError, match=message) as raised:
            shop.teach(endpoint.url, backend={"concurrency": 1})
        assert len(raised.value.problems) == 1
        assert len(endpoint.asked) == 46
    with serving(lambda *_: Response(NAME)) as endpoint:
        assert len(shop.teach(endpoint.url).rows) == 100
        assert len(endpoint.asked) == 60


@pytest.mark.parametrize(
    ("status", "problem"),
    [(401, "rejects the API key"), (403, "refuses access"), (404, "has no such model or address")],
)
def test_an_endpoint_that_cannot_answer_anything_is_asked_once(
    status: int, problem: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", SECRET)
    refusal = Response(status=status, raw=f'{{"error": {{"message": "Incorrect key: {SECRET}"}}}}')
    with serving(lambda *_: refusal) as endpoint:
        with pytest.raises(ShoptuneError, match=rf"backend.url: {problem} \(status {status}: Incorrect key: \*\*\*\)"):
            shop.teach(endpoint.url, backend={"concurrency": 1, "key_variable": "SHOP_KEY"})
        assert len(endpoint.asked) == 1


def test_an_endpoint_that_is_not_there(shop: Shop) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ShoptuneError, match="3 requests failed, most of them: no connection; correct the cause"):
        shop.teach(f"http://127.0.0.1:{port}/v1")


def test_the_key_is_sent_and_written_nowhere(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_KEY", SECRET)
    echo = Response(status=400, raw=f'{{"error": {{"message": "you sent {SECRET}"}}}}')
    with serving(lambda number, _: echo if number == 0 else Response(NAME)) as endpoint:
        shop.teach(endpoint.url, backend={"key_variable": "SHOP_KEY", "concurrency": 1})
        assert {headers["authorization"] for headers in endpoint.headers} == {f"Bearer {SECRET}"}
    written = b"".join(file.read_bytes() for file in shop.folder.rglob("*") if file.is_file())
    assert SECRET.encode() not in written
    assert b"you sent ***" in written
    assert SECRET not in "".join(capfd.readouterr())


def test_keys_that_are_not_meant_for_the_endpoint_are_not_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    with serving(lambda *_: Response(NAME)) as endpoint:
        shop.teach(endpoint.url)
        assert SECRET not in str(endpoint.headers)
        assert len(endpoint.headers) == 3


def test_a_proxy_is_not_used_by_a_run_that_is_local_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda *_: Response({"name": "proxy"})) as proxy, serving(lambda *_: Response(NAME)) as endpoint:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        taught = shop.teach(endpoint.url, local_only=True)
        assert proxy.asked == []
    assert {row["name"] for row in taught.rows} == {"kettle"}


def test_requests_at_a_time_are_limited(shop: Shop) -> None:
    most = [0, 0]
    lock = threading.Lock()

    def script(number: int, body: dict[str, Any]) -> Response:
        with lock:
            most[0] += 1
            most[1] = max(most)
        threading.Event().wait(0.05)
        with lock:
            most[0] -= 1
        return Response(NAME)

    with serving(script) as endpoint:
        shop.teach(endpoint.url, backend={"concurrency": 2})
        assert most[1] == 2
        assert len(endpoint.asked) == 3


def test_requests_per_minute_are_limited(shop: Shop) -> None:
    with serving(lambda *_: Response(NAME)) as endpoint:
        # 2 requests may start together, and each further one 30 s later.
        rate = {"requests_per_minute": 2.0, "concurrency": 3}
        thread = threading.Thread(target=shop.teach, args=(endpoint.url,), kwargs={"backend": rate}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while len(endpoint.asked) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        thread.join(1)
        assert len(endpoint.asked) == 2


def test_the_schema_and_the_sampling_are_sent(shop: Shop) -> None:
    with serving(lambda *_: Response(NAME)) as endpoint:
        arguments = {"strict": False, "length_key": "max_tokens", "chat_template_arguments": {"enable_thinking": False}}
        shop.teach(endpoint.url, backend=arguments, sampling={"max_tokens": 7, "temperature": 0.5, "seed": 3})
    body = endpoint.asked[0]
    properties = {"name": {"type": "string", "minLength": 2}}
    schema = {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}
    json_schema = {"name": "answer", "schema": schema, "strict": False}
    assert body["response_format"] == {"type": "json_schema", "json_schema": json_schema}
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("m", 7, 0.5, 3)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1", "unix:/run/s"])
def test_a_local_endpoint_is_accepted(url: str) -> None:
    refuse_remote(url, FILE)


@pytest.mark.parametrize(
    "url",
    [
        "https://192.0.2.1/v1",
        "http://10.0.0.1",
        "http://0.0.0.0:8000",
        "http://nowhere.invalid/v1",
        "nonsense",
        "http://",
    ],
)
def test_another_machine_is_refused_when_the_run_is_local_only(url: str, shop: Shop) -> None:
    with pytest.raises(ShoptuneError, match=r"backend.url: '.*' is not this machine, and the run is local only; use a"):
        refuse_remote(url, FILE)
    with pytest.raises(ShoptuneError, match="is not this machine"):
        shop.teach(url, local_only=True)
    file = shop.write(url, {"local_only": True})
    with pytest.raises(ShoptuneError, match="is not this machine"):
        load(Arguments(file, [shop.tables], "m"))


def test_a_unix_socket(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:
            return "socket"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(Response(NAME).body())

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.chdir(shop.folder)  # a socket's path may have about 100 characters
    with socketserver.ThreadingUnixStreamServer("socket", Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        taught = shop.teach("unix:socket", local_only=True)
        server.shutdown()
        thread.join()
    assert len(taught.rows) == 4
