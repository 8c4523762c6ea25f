"""Progress bars on a terminal, and lines elsewhere."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shoptune.runtime.progress import duration

ROOT = Path(__file__).parents[2]
_BAR = "from shoptune.runtime.progress import bar\nwith bar('merge', 2) as progress:\n    progress.advance(2)\n"
_TASKS = "from shoptune.cli import main\nmain(['data', 'tasks'])\n"
_COLOR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])[;m]")


def _on_a_terminal(script: str, **variables: str) -> str:
    """Return the output of a script if stdout and stderr are a color terminal."""
    ours, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "CI"}}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "200"} | variables
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=terminal, stderr=terminal, stdin=terminal, cwd=ROOT, env=environment
    ) as process:
        os.close(terminal)
        printed = b""
        while part := _read(ours):
            printed += part
    os.close(ours)
    assert process.returncode == 0, printed.decode()
    return printed.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux: the other end was closed
        return b""


@pytest.mark.parametrize("script", [_BAR, _TASKS], ids=["progress", "table"])
def test_no_color_is_honoured(script: str) -> None:
    assert not _COLOR.search(_on_a_terminal(script, NO_COLOR="1"))


def test_a_terminal_has_colors_otherwise() -> None:
    assert _COLOR.search(_on_a_terminal(_BAR))


def test_elsewhere_there_is_no_control_character() -> None:
    result = subprocess.run([sys.executable, "-c", _BAR], capture_output=True, text=True, check=True)
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 s"), (59.94, "59.9 s"), (192, "3 min 12 s"), (86_700, "24 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
