"""Tie a process to the one that started it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Let the kernel kill this process when the process that started it ends, even if that one is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_main_process() -> None:
    """Let this process of a pool end when the process that uses the pool ends, even if that one is killed.

    Without it, processes started by a fork server wait for work forever: its parent is the server, which lives as long
    as they do, and each of them keeps the pool's queue open.
    """
    threading.Thread(target=_end_after_main_process, daemon=True).start()


def _end_after_main_process() -> None:
    if main := multiprocessing.parent_process():
        main.join()
        os._exit(1)
