"""A stand-in for an environment's interpreter, which asks the warm interpreter to run its arguments, and waits.

It takes the working directory, the variables, open descriptors, signals and the exit status across. When it is killed,
what it asked for is killed too. Copied next to a line that names an interpreter, so it uses only the library.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(sys.argv[0]).absolute().parents[1]  # the folder that looks like a virtual environment


def main() -> None:
    """Run the arguments, and exit in the same way."""
    descriptors = [0, 1, 2, *_inherited()]
    connection = _connected()
    asked = {
        "interpreter": str(HOME / "bin" / "python"), "arguments": sys.argv[1:],
        "directory": str(Path.cwd()), "variables": dict(os.environ), "descriptors": descriptors,
    }  # fmt: skip
    message = json.dumps(asked).encode()
    socket.send_fds(connection, [len(message).to_bytes(8, "big")], descriptors)
    connection.sendall(message)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    reply = connection.recv(8)
    if not reply:
        sys.exit(f"the warm interpreter ended; see {HOME / 'log'}")
    status = int.from_bytes(reply, "big", signed=True)
    if status >= 0:
        os._exit(status)
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)


def _inherited() -> list[int]:
    """List open descriptors that a spawned process inherits; `multiprocessing` passes their numbers as arguments."""
    found = []
    for number in sorted(int(file.name) for file in Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # the one that listed the folder
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found


def _connected() -> socket.socket:
    """A connection to the interpreter, which the first that asks starts."""
    with (HOME / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if connection := _connect():
            return connection
        server = _start()
        while not (connection := _connect()):
            if server.poll() is not None:
                sys.exit(f"the warm interpreter did not start; see {HOME / 'log'}")
            time.sleep(0.02)
    return connection


def _connect() -> socket.socket | None:
    connection, directory = socket.socket(socket.AF_UNIX), Path.cwd()
    os.chdir(HOME)  # a socket's path may have about 100 characters
    try:
        connection.connect("socket")
    except OSError:
        connection.close()
        return None
    finally:
        os.chdir(directory)
    return connection


def _start() -> subprocess.Popen[bytes]:
    settings = json.loads((HOME / "settings.json").read_text())
    with (HOME / "log").open("ab") as log:
        return subprocess.Popen(
            [*settings["command"], str(HOME)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **settings["variables"]}, start_new_session=True,
        )  # fmt: skip


main()
