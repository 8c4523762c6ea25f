"""Servers that the studio starts for checkpoints of a run, and stops when it ends."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import yaml

from shoptune.infer.ask import Client
from shoptune.infer.profile import EngineSettings
from shoptune.infer.serve import Endpoint
from shoptune.studio.reading.server_log import last_line, why_it_failed

_SECONDS_TO_STOP = 25
_READY = "serve: ready at"
_TAIL_BYTES = 20_000


class State(StrEnum):
    """The state of a server."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


class Server:
    """`shoptune serve` of one checkpoint on a free port of this machine, with a random API key.

    Args:
        checkpoint: the checkpoint's folder.
        engine: the engine's settings.
    """

    def __init__(self, checkpoint: Path, engine: EngineSettings) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shoptune-studio-serve-"))
        self.endpoint = Endpoint("127.0.0.1", _free_port())
        self._key, self._since = secrets.token_hex(16), time.monotonic()
        self._seconds: float | None = None
        self._is_stopped = False
        profile = self.folder / "profile.yaml"
        settings = engine.model_dump(mode="json", exclude_none=True)
        profile.write_text(yaml.safe_dump({"engine": settings}), encoding="utf-8")
        command = [sys.executable, "-m", "shoptune"]
        command += ["serve", str(profile), "--model", str(checkpoint), "--port", str(self.endpoint.port)]
        command += ["--log-file", str(self._log)]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "shoptune.studio.tether", *command], stdin=subprocess.PIPE, stdout=said,
                stderr=said, env={**os.environ, "SHOPTUNE_API_KEY": self._key}, start_new_session=True,
            )  # fmt: skip

    @property
    def client(self) -> Client:
        """A client of the server."""
        return Client(self.endpoint.url, self._key)

    @property
    def state(self) -> State:
        """The state of the server now."""
        if self._is_stopped:
            return State.STOPPED
        if self._process.poll() is not None:
            return State.FAILED
        if self._seconds is None and _READY in _tail(self._said):
            self._seconds = time.monotonic() - self._since
        return State.STARTING if self._seconds is None else State.READY

    def describe(self) -> str:
        """Describe the state in a sentence: progress while it starts, the cause after it failed."""
        state, elapsed = self.state, time.monotonic() - self._since
        if state is State.STARTING:
            line = last_line(_tail(self._log))
            return f"Starting for {elapsed:.0f} s" + (f": {line}" if line else ".")
        if state is State.READY:
            return f"Ready at {self.endpoint.url} after {self._seconds:.0f} s."
        if state is State.FAILED:
            return why_it_failed(_tail(self._said), _tail(self._log), self._process.returncode)
        return "Stopped."

    def stop(self) -> None:
        """Stop the server and all of its processes. Takes some seconds."""
        self._is_stopped = True
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()  # which the tether waits for
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _said(self) -> Path:
        return self.folder / "said"


class Servers:
    """The servers that were started, by checkpoint and engine settings; visitors share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Server] = {}

    def find(self, checkpoint: Path, engine: EngineSettings) -> Server | None:
        """Return the server of a checkpoint, in any state; None if none was started."""
        return self._running.get(_key(checkpoint, engine))

    def start(self, checkpoint: Path, engine: EngineSettings) -> Server:
        """Start a server, unless it is running or starting."""
        with self._lock:
            found = self.find(checkpoint, engine)
            if found and found.state is State.FAILED:
                found.stop()  # removes its files
            if found is None or found.state is State.STOPPED:
                found = self._running[_key(checkpoint, engine)] = Server(checkpoint, engine)
            return found

    def close(self) -> None:
        """Stop all servers, together."""
        with self._lock:
            threads = [threading.Thread(target=server.stop) for server in self._running.values()]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self._running.clear()


def _key(checkpoint: Path, engine: EngineSettings) -> str:
    return f"{checkpoint} {engine.model_dump_json()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _TAIL_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
