"""Run a command as a process of its own and measure it: seconds and peak resident memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One run of a command.

    Attributes:
        name: which way of doing the work it was.
        seconds: from start to end.
        peak_gb: largest resident memory of the process, in units of 10^9 bytes.
    """

    name: str
    seconds: float
    peak_gb: float


def measure(name: str, command: Sequence[str | Path], **environment: str) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: the command failed; what it printed is in the message.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{name} failed:\n{output[-3000:]}")
    return Measured(name, time.perf_counter() - started, usage.ru_maxrss * 1024 / 1e9)


def report(title: str, rows: Sequence[dict[str, object]], file: Path) -> None:
    """Print a table and write it as JSON beside the machine's description."""
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
