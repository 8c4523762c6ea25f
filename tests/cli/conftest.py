"""Run the command line in the process of the tests, which takes a tenth of the time of a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shoptune.cli import main
from shoptune.runtime.progress import set_output

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs a command as `shoptune` does, and returns what a process would: its exit status and what it printed."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        printed = capfd.readouterr()
        return subprocess.CompletedProcess(words, int(ended.value.code or 0), printed.out, printed.err)

    yield run
    set_output()
