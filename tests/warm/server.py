"""An interpreter that has imported the slow libraries of its environment, and forks a process for each command.

Run: `python server.py HOME`. It ends when no process of the test run holds the lock HOME/../in-use.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import json
import multiprocessing.process
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
import types
import warnings
from pathlib import Path
from typing import Any, NoReturn

_SECONDS_BETWEEN_LOOKS = 0.5
_MOST_DESCRIPTORS = 253  # that a message may carry; see unix(7)


def main() -> None:
    """Import, then serve; in a forked process, run the command as the interpreter would."""
    home = Path(sys.argv[1])
    gc.disable()
    for name in json.loads((home / "settings.json").read_text())["modules"]:
        importlib.import_module(name)
    gc.freeze()
    asked = _Server(home).serve()
    if asked:
        _end(_status(asked))


class _Server:
    """Forks for each connection; returns in the forked process.

    Args:
        home: the folder with the socket.
    """

    def __init__(self, home: Path) -> None:
        self._in_use = (home.parent / "in-use").open("a")
        self._listener = socket.socket(socket.AF_UNIX)
        os.chdir(home)  # a socket's path may have about 100 characters
        Path("socket").unlink(missing_ok=True)
        self._listener.bind("socket")
        self._listener.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket | None]] = {}  # by the descriptor of the process

    def serve(self) -> dict[str, Any] | None:
        """Return a request, in the process that should run it; None when the tests have ended."""
        while True:
            events = self._selector.select(_SECONDS_BETWEEN_LOOKS)
            if not events and not self._children and self._alone():
                return None
            for key, _ in events:
                if key.fileobj is self._listener:
                    if asked := self._accept():
                        return asked
                elif key.data is None:
                    self._ended(key.fd)
                else:
                    self._heard(key.data)

    def _alone(self) -> bool:
        try:
            fcntl.flock(self._in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _accept(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        size, descriptors, *_ = socket.recv_fds(connection, 8, _MOST_DESCRIPTORS)
        if not size:  # the client was killed
            connection.close()
            return None
        message = b""
        while len(message) < int.from_bytes(size, "big") and (part := connection.recv(1 << 20)):
            message += part
        child = os.fork()
        if not child:
            self._leave([connection])
            asked = dict(json.loads(message))
            _place(descriptors, asked["descriptors"])
            return asked
        for descriptor in descriptors:
            os.close(descriptor)
        descriptor = os.pidfd_open(child)
        self._children[descriptor] = child, connection
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._selector.register(connection, selectors.EVENT_READ, descriptor)
        return None

    def _leave(self, connections: list[socket.socket]) -> None:
        """Close what belongs to the server, in a child."""
        self._selector.close()
        self._in_use.close()
        for descriptor, (_, connection) in self._children.items():
            os.close(descriptor)
            if connection:
                connections.append(connection)
        for connection in (self._listener, *connections):
            connection.close()

    def _ended(self, descriptor: int) -> None:
        """Report how a process ended to its client."""
        child, connection = self._children.pop(descriptor)
        _, status = os.waitpid(child, 0)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        if connection:
            self._selector.unregister(connection)
            with contextlib.suppress(OSError), connection:  # the client may have been killed
                connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))

    def _heard(self, descriptor: int) -> None:
        """Pass a client's signals on to its process, which is killed when the client is gone."""
        child, connection = self._children.get(descriptor, (0, None))
        if not connection:
            return
        signals = connection.recv(16)
        for number in signals or [signal.SIGKILL]:
            os.kill(child, number)
        if not signals:
            self._selector.unregister(connection)
            connection.close()
            self._children[descriptor] = child, None


def _place(descriptors: list[int], numbers: list[int]) -> None:
    """Give descriptors the numbers that they have in the client."""
    above = max(*descriptors, *numbers) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above) for descriptor in descriptors]
    for descriptor in descriptors:
        os.close(descriptor)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _status(asked: dict[str, Any]) -> int:
    """Run a command, and return its exit status; an interrupted one ends as Python ends it."""
    try:
        _run(asked)
    except SystemExit as ended:
        if isinstance(ended.code, int):
            return ended.code & 255
        if ended.code is not None:
            sys.stderr.write(f"{ended.code}\n")
        return int(ended.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> NoReturn:
    """End as Python does, but without taking the imported modules apart.

    That would collect garbage among a million imported objects several times: two to four seconds, and as many copied
    pages, since they are shared with the server.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    ctypes.CDLL(None).fflush(None)
    os._exit(status)


def _keep_frozen() -> None:
    """Leave what the server imported out of collections: vLLM thaws it when an engine ends, and collects twice."""


def _run(asked: dict[str, Any]) -> None:
    """Do what `python ARGUMENTS` does; supports the options -W, -m and -c, and ignores those that spawning adds."""
    gc.enable()
    gc.unfreeze = _keep_frozen  # type: ignore[assignment]
    os.environ.clear()
    os.environ.update(asked["variables"])
    os.chdir(asked["directory"])
    sys.executable = asked["interpreter"]  # what it starts is warm too
    multiprocessing.set_executable(sys.executable)
    multiprocessing.process.ORIGINAL_DIR = asked["directory"]
    random.seed()
    first, *rest = asked["arguments"]
    while first.startswith("-") and first not in {"-m", "-c"}:
        if first == "-W":
            warnings.simplefilter(rest[0])
            rest = rest[1:]
        first, *rest = rest
    if first == "-m":
        sys.argv, sys.path[0] = ["-m", *rest[1:]], str(Path.cwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), sys.modules["__main__"].__dict__)  # noqa: S102
    else:
        sys.argv, sys.path[0] = [first, *rest], str(Path(first).parent)
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
