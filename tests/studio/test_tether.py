"""Processes that the studio starts end with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import end, runs

# Starts a child, which ignores SIGTERM, as a stand-in for a server with workers; writes both process ids.
_COMMAND = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"],
    stdout=subprocess.PIPE)
child.stdout.readline()
with open(sys.argv[1] + ".part", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(60)
"""
_PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-m", "shoptune.studio.tether", *sys.argv[1:]], stdin=subprocess.PIPE)
time.sleep(60)
"""


def _wait_for(file: Path) -> list[int]:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(number) for number in file.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_process_that_started_it(number: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COMMAND, str(tmp_path / "ids")]
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, *command], stderr=subprocess.DEVNULL)
    started = _wait_for(tmp_path / "ids")
    assert all(map(runs, started))
    os.kill(parent.pid, number)
    parent.wait()
    assert end(started, seconds=60), "it outlived its parent"


@pytest.mark.parametrize(("code", "expected"), [("raise SystemExit(3)", 3), ("import os; os.abort()", 128 + 6)])
def test_the_status_is_that_of_the_command(code: str, expected: int) -> None:
    command = [sys.executable, "-m", "shoptune.studio.tether", sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == expected
