"""A real HTTP server with OpenAI's chat completions, whose answers a test decides."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Response:
    """A response of the server: an answer in a completion, or `raw` without one."""

    answer: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    delay: float = 0.0
    finish_reason: str = "stop"

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw.encode()
        content = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        completion = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        return json.dumps({**completion, "choices": [choice], "usage": usage}).encode()


Script = Callable[[int, dict[str, Any]], Response]


@dataclass
class StandIn:
    """The server's address and the requests that it received, in order."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def prompts(self) -> list[str]:
        """The user messages."""
        return [body["messages"][-1]["content"] for body in self.asked]


@contextmanager
def serving(script: Script) -> Iterator[StandIn]:
    """Serve until the block ends; the script gets the number of the request, from 0, and its body."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(server.asked)
                server.asked.append(body)
                server.headers.append(dict(self.headers))
                server.times.append(time.monotonic())
            response = script(number, body)
            time.sleep(response.delay)
            content = response.body()
            try:
                self.send_response(response.status)
                for name, value in {"Content-Type": "application/json", **response.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the client gave up
                pass

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    http = Server(("127.0.0.1", 0), Handler)
    server = StandIn(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
