"""A package index on loopback with tiny wheels: pages as the public index and PyTorch serve them."""

from __future__ import annotations

import threading
import time
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def wheel(folder: Path, name: str, version: str, requires: str = "", module: str | None = None) -> Path:
    """Write an installable wheel whose only content is one module."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    information = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module or name}.py", f"__version__ = {version!r}\n")
        archive.writestr(f"{information}/METADATA", metadata)
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    return path


class StandIn:
    """Serves `folder`: `/simple/NAME/` lists `folder/simple/NAME`, `/cpu/torch/` lists `folder/cpu/torch`.

    Attributes:
        requests: the paths asked for, in order.
        delay: seconds before a wheel is sent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.requests, self.delay = folder, list[str](), 0.0
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                standin.requests.append(self.path)
                target = standin.folder / urllib.parse.unquote(self.path).strip("/")
                if target.is_dir():
                    names = [urllib.parse.quote(file.name) for file in sorted(target.iterdir())]
                    links = "".join(f'<a href="{name}">{name}</a>' for name in names)
                    self._send(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
                elif target.is_file():
                    time.sleep(standin.delay)
                    self._send(target.read_bytes(), "application/octet-stream")
                else:
                    self.send_error(404)

            do_HEAD = do_GET  # noqa: N815 (the base class's name)

            def _send(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked_for(self, part: str) -> bool:
        """Whether any request was for a path with this in it."""
        return any(part in path for path in self.requests)
