"""Run a program as a process that ends without taking its loaded libraries apart."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn


def run_as_process(program: Callable[[], object]) -> NoReturn:
    """Run a program, then end the process with its exit status.

    Raises:
        Exception: the program raised it; the interpreter prints it and ends as usual.
    """
    try:
        program()
    except SystemExit as ended:
        _end(ended.code)
    _end(None)


def _end(status: str | int | None) -> NoReturn:
    """End as `sys.exit` does: wait for threads, run exit handlers, flush the streams.

    Left out is the interpreter's last work, which walks all objects several times and deletes them one by one: 2 s with
    vLLM loaded. Profilers, debuggers and streams that cannot be flushed get the usual end.

    Args:
        status: the exit status; None means 0; a text is printed to stderr, and the status is 1.
    """
    if sys.gettrace() or sys.getprofile():
        sys.exit(status)
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None if it was closed when the process started
            stream.flush()
        ctypes.CDLL(None).fflush(None)
    except (OSError, ValueError):  # a full disk, a closed pipe: the interpreter reports it
        sys.exit(status)
    os._exit(1 if isinstance(status, str) else (status or 0) & 255)
