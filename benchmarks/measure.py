"""Run a command as a separate process and measure it: seconds, processor time and peak resident memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_WITH_ORPHANS = Path(__file__).with_name("with_orphans.py")
_SECONDS_BETWEEN_LOOKS = 0.5  # a look holds up a large process for some milliseconds


@dataclass(frozen=True)
class Measured:
    """One run of a command.

    Attributes:
        name: which way of doing the work it was.
        seconds: from start to end.
        peak_gb: largest memory of the process and its children together, in units of 10^9 bytes; what several of them
            share is shared out among them.
        cpu_seconds: processor time of the process and all its children, those included that it does not wait for.
    """

    name: str
    seconds: float
    peak_gb: float
    cpu_seconds: float


def measure(name: str, command: Sequence[str | Path], **environment: str) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: the command failed; what it printed is in the message.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-IS", str(_WITH_ORPHANS), *(str(part) for part in command)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watch = _Memory(process.pid)
        watch.start()
        output = process.stdout.read() if process.stdout else ""
        seconds = time.perf_counter() - started
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    if process.returncode:
        raise RuntimeError(f"{name} failed:\n{output[-3000:]}")
    peak_gb = max(usage.ru_maxrss * 1024, watch.peak) / 1e9
    return Measured(name, seconds, peak_gb, usage.ru_utime + usage.ru_stime)


class _Memory(threading.Thread):
    """Looks at the memory of a process and all its children a few times per second."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._process, self._ended = process, threading.Event()

    def run(self) -> None:
        """Measure until asked to stop."""
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            self.peak = max(self.peak, sum(_proportional_set(process) for process in _family(self._process)))

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def _family(process: int) -> list[int]:
    """A process and its children's children."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [member for child in task.read_text().split() for member in _family(int(child))]
    return found


def _proportional_set(process: int) -> int:
    """Bytes in memory that a process answers for."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return 0


def report(title: str, rows: Sequence[dict[str, object]], file: Path) -> None:
    """Print a table and write it as JSON, with the machine's description."""
    columns = list(rows[0])
    texts = [[f"{row[c]:.2f}" if isinstance(row[c], float) else str(row[c]) for c in columns] for row in rows]
    widths = [max(len(column), *(len(text[n]) for text in texts)) for n, column in enumerate(columns)]
    print(title)
    print("  ".join(column.ljust(width) for column, width in zip(columns, widths, strict=True)))
    for text in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(text, widths, strict=True)))
    machine = {"cores": len(os.sched_getaffinity(0)), "python": sys.version.split()[0]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"title": title, "machine": machine, "rows": list(rows)}, indent=2) + "\n")


def best(runs: Sequence[Measured]) -> dict[str, object]:
    """The fastest of several runs, as a row; its memory is the largest that any run took."""
    fastest = min(runs, key=lambda run: run.seconds)
    return asdict(fastest) | {"peak_gb": max(run.peak_gb for run in runs)}
