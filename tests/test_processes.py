"""A process is looked at while it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import end, runs


def test_a_process_runs_until_it_ends_even_if_nobody_waits_for_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert runs(process.pid)
        assert not end([os.getpid(), process.pid], seconds=0)
        assert process.stdin
        process.stdin.close()
        assert end([process.pid], seconds=20)
    assert not runs(process.pid)


def test_a_process_may_end_while_its_status_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:

        def late(path: Path) -> str:
            with path.open() as status:
                process.kill()
                process.wait()
                return status.read()

        monkeypatch.setattr(Path, "read_text", late)
        assert not runs(process.pid)
