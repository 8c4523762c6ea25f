"""How a program's process ends: as the interpreter ends it, but for the modules, which are left as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

_SCRIPT = """
import atexit, sys, threading, time
from shoptune.runtime.process import run_as_process

class Kept:
    def __del__(self):
        print("taken apart")

kept = Kept()
atexit.register(print, "exit handler")

def late():
    time.sleep(0.1)
    print("thread")

def program():
    threading.Thread(target=late).start()
    {ends}

run_as_process(program)
"""


def _ended(ends: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _SCRIPT.format(ends=ends)]
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT, env=buffered
    )


@pytest.mark.parametrize(
    ("ends", "status", "said"),
    [
        ("pass", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(2)", 2, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('one line')", 1, "one line\n"),
    ],
)
def test_threads_and_exit_handlers_end_before_the_process(ends: str, status: int, said: str) -> None:
    ended = _ended(ends)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "thread\nexit handler\n", said)


def test_an_exception_is_printed_and_ends_the_interpreter_as_usual() -> None:
    ended = _ended("raise ValueError('why')")
    assert (ended.returncode, ended.stdout) == (1, "thread\nexit handler\ntaken apart\n")
    assert ended.stderr.endswith("ValueError: why\n")


def test_output_that_cannot_be_written_is_not_lost_in_silence() -> None:
    with Path("/dev/full").open("w") as full:
        ended = _ended("pass", stdout=full.fileno())
    assert ended.returncode == 120  # the interpreter's
    assert "No space left on device" in ended.stderr


def test_a_profiler_gets_its_usual_end(tmp_path: Path) -> None:
    script, profile = tmp_path / "script.py", tmp_path / "profile"
    script.write_text(_SCRIPT.format(ends="pass"))
    ended = subprocess.run([sys.executable, "-m", "cProfile", "-o", profile, script], check=False, cwd=ROOT)
    assert ended.returncode == 0
    assert profile.stat().st_size > 0
