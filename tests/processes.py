"""Whether a process runs, for tests that end processes which are not their children."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path


def runs(process: int) -> bool:
    """Whether there is such a process; one that has ended and that nobody has waited for does not run."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the second if it ends between opening and reading
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def end(processes: Iterable[int], seconds: float) -> bool:
    """Whether all processes end within a time."""
    deadline = time.monotonic() + seconds
    remaining = set(processes)
    while remaining := {process for process in remaining if runs(process)}:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
