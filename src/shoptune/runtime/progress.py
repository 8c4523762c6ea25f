"""Progress of long work on stderr: a bar on a terminal, otherwise a plain line every ten seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SECONDS_BETWEEN_LINES = 10.0


class Bar(Protocol):
    """Receives the progress of a stage."""

    def advance(self, steps: float = 1) -> None:
        """Count `steps` more of the work as done."""

    def note(self, text: str) -> None:
        """Show a few words beside the percentage."""


@contextmanager
def bar(title: str, total: float) -> Iterator[Bar]:
    """Show the progress of `total` steps of work while the block runs.

    The bar has its own copy of the descriptor of stderr, so it keeps working while a stage redirects its output.
    """
    with os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1) as stream:
        if not stream.isatty():
            yield _Lines(stream, title, total)
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(file=stream), transient=True) as progress:
            yield _Rich(progress, progress.add_task(title, total=total))


def say(line: str) -> None:
    """Write one line for the user to stderr; results go to stdout and to files, never through here."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def elapsed(since: float) -> str:
    """The time since a `time.monotonic()` reading, as `8.2 s` or `3 min 12 s`."""
    seconds = time.monotonic() - since
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.1f} s"


class _Rich:
    """Progress as a bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task
        self._title = next(each.description for each in progress.tasks if each.id == task)

    def advance(self, steps: float = 1) -> None:
        self._progress.advance(self._task, steps)

    def note(self, text: str) -> None:
        self._progress.update(self._task, description=f"{self._title}: {text}")


class _Lines:
    """Progress as plain lines, for logs."""

    def __init__(self, stream: TextIO, title: str, total: float) -> None:
        self._stream, self._title, self._total, self._done = stream, title, total, 0.0
        self._last, self._text = time.monotonic(), ""

    def advance(self, steps: float = 1) -> None:
        self._done += steps
        if time.monotonic() - self._last >= _SECONDS_BETWEEN_LINES and self._done < self._total:
            self._last = time.monotonic()
            self._stream.write(f"{self._title}: {self._done / self._total:.0%}{self._text}\n")

    def note(self, text: str) -> None:
        self._text = f", {text}"
