"""The arguments of the server, and the client's errors if the server rejects a request."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shoptune.errors import ShoptuneError
from shoptune.infer.ask import Client
from shoptune.infer.profile import Profile
from shoptune.infer.prompt import Prompt
from shoptune.infer.serve import Endpoint, Server, named_adapter
from tests.serving import serving

ANY = "0.0.0.0"  # noqa: S104
CHOICE = Prompt("Which?\n0. a\n1. b\nAnswer: ", is_multiple_choice=True)


def test_a_used_port_is_found_before_the_model_is_loaded() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port, since = other.getsockname()[1], time.monotonic()
        with pytest.raises(ShoptuneError, match=f"--port: cannot listen on 127.0.0.1:{port}: address already in use"):
            Endpoint("127.0.0.1", port).check()
        assert time.monotonic() - since < 1
    Endpoint("127.0.0.1", port).check()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        (ANY, "http://127.0.0.1:81"),
        ("::", "http://[::1]:81"),
        ("::1", "http://[::1]:81"),
        ("shop.example", "http://shop.example:81"),
    ],
)
def test_where_a_client_finds_it(host: str, url: str) -> None:
    assert Endpoint(host, 81).url == url


def test_the_arguments_of_vllm() -> None:
    profile = Profile.model_validate({"engine": {"enforce_eager": True, "max_num_batched_tokens": 512}})
    server = Server(profile, Path("model"), Endpoint(ANY, 81), {"tuned": Path("a"), "other": Path("b")})
    arguments = " ".join(server.arguments())
    assert arguments.startswith("--model model --served-model-name shoptune --host 0.0.0.0 --port 81 --seed 0 ")
    assert ' --structured-outputs-config {"backend": "xgrammar", "disable_any_whitespace": true} ' in arguments
    assert " --max-num-batched-tokens 512 " in arguments
    assert arguments.endswith(" --max-loras 2 --lora-modules tuned=a other=b")


@pytest.mark.parametrize(
    ("cards", "kib", "expected"),
    [
        (1, None, {}),
        (4, None, {"VLLM_WORKER_MULTIPROC_METHOD": "spawn"}),
        (1, 2, {"VLLM_CPU_KVCACHE_SPACE": "2"}),
    ],
)
def test_settings_that_vllm_reads_from_the_environment(cards: int, kib: int | None, expected: dict[str, str]) -> None:
    profile = Profile.model_validate({"engine": {"tensor_parallel_size": cards, "cpu_kv_cache_gib": kib}})
    always = {"VLLM_USE_FLASHINFER_SAMPLER": "0", "VLLM_REGEX_COMPILATION_TIMEOUT_S": "300"}
    assert profile.engine.environment() == {**always, **expected}


def test_an_adapter_has_a_name() -> None:
    assert named_adapter("tuned=runs/a=b") == ("tuned", "runs/a=b")
    with pytest.raises(ShoptuneError, match="'runs/a' is not of the form NAME=DIR"):
        named_adapter("runs/a")
    with pytest.raises(ShoptuneError, match="'shoptune' is reserved for the base model; choose another name"):
        named_adapter("shoptune=runs/a")


class _Handler(BaseHTTPRequestHandler):
    """An HTTP server that requires a key, serves one model and records its requests."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        status = 200 if body["model"] == "shoptune" else 404
        if self.headers["Authorization"] != "Bearer secret":
            status = 401
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps({"choices": [{"message": {"content": "1"}}]}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with serving(_Handler) as address:
        yield address


def test_a_server_that_requires_an_api_key(url: str) -> None:
    assert Client(url, "secret").ask(CHOICE, Profile()) == "1"
    asked = _Handler.asked[-1]
    assert asked["structured_outputs"] == {"regex": "(0|1)"}
    assert "chat_template_kwargs" not in asked
    with pytest.raises(ShoptuneError, match="requires an API key; pass the key that the server was started with"):
        Client(url).ask(CHOICE, Profile())
    with pytest.raises(ShoptuneError, match="rejects the API key"):
        Client(url, "wrong").ask(CHOICE, Profile())
    with pytest.raises(ShoptuneError, match="does not serve 'tuned'; start it with"):
        Client(url, "secret", "tuned").ask(CHOICE, Profile())


def test_arguments_of_the_chat_template_are_sent(url: str) -> None:
    profile = Profile.model_validate({"chat_template_arguments": {"enable_thinking": False}})
    Client(url, "secret").ask(CHOICE, profile)
    assert _Handler.asked[-1]["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize("url", ["file:///etc", "ftp://127.0.0.1", "127.0.0.1:8000", "here"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(ShoptuneError, match=r"is not an HTTP address; enter one such as http://127.0.0.1:8000"):
        Client(url).ask(CHOICE, Profile())


@pytest.mark.parametrize("answer", [b"<html>a shop</html>", b"[]", b'{"choices": []}', b"\xff"])
def test_a_server_that_is_not_a_model(answer: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(ShoptuneError, match="does not answer as a model does"):
            Client(f"http://127.0.0.1:{server.server_port}").ask(CHOICE, Profile())
        thread.join()


def test_the_raw_output_is_what_the_server_wrote(url: str) -> None:
    client, other = Client(url, "secret"), Prompt("Which?\n2. a\n3. b\nAnswer: ", is_multiple_choice=True)
    assert client.complete(other, Profile()) == "1"


def test_a_missing_server_is_a_one_line_error() -> None:
    with pytest.raises(ShoptuneError, match="no server answers"):
        Client("http://127.0.0.1:9").ask(CHOICE, Profile())
