"""Progress of long work on stderr: a bar on a terminal, otherwise a plain line every ten seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from shoptune.errors import fail
from shoptune.runtime.progress_file import ProgressFile, current

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SECONDS_BETWEEN_LINES = 10.0


class Bar(Protocol):
    """Receives the progress of a stage."""

    def advance(self, steps: float = 1) -> None:
        """Count `steps` more of the work as done."""

    def note(self, text: str) -> None:
        """Show a short text next to the percentage."""


@contextmanager
def bar(title: str, total: float) -> Iterator[Bar]:
    """Show the progress of `total` steps of work while the block runs.

    The bar has its own copy of the descriptor of stderr, so it keeps working while a stage redirects its output. While
    a stage publishes its progress (`progress_file.published`), the bar's is part of it.
    """
    with _shown(title, total) as inner:
        file = current()
        yield _Published(inner, file, title, total) if file else inner


@contextmanager
def _shown(title: str, total: float) -> Iterator[Bar]:
    """The bar that the user sees."""
    if _output.quiet:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield _Lines(nowhere, title, total)
        return
    with os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1) as stream:
        if not stream.isatty():
            yield _Lines(stream, title, total)
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(file=stream), transient=True) as progress:
            yield _Rich(progress, progress.add_task(title, total=total))


@dataclass
class _Output:
    """The messages to print, and the file to log them to."""

    quiet: bool = False
    verbose: bool = False
    log_file: Path | None = None


_output = _Output()


def set_output(*, quiet: bool = False, verbose: bool = False, log_file: Path | None = None) -> None:
    """Choose what is printed.

    Args:
        quiet: print errors only.
        verbose: also print details.
        log_file: a file to which all messages, details included, are appended with the time.

    Raises:
        ShoptuneError: the log file cannot be written.
    """
    global _output  # noqa: PLW0603 - a setting of the process
    if log_file:
        try:
            log_file.parent.mkdir(parents=True, exist_ok=True)
            log_file.open("a", encoding="utf-8").close()
        except OSError as error:
            what = f"cannot be written ({(error.strerror or str(error)).lower()})"
            raise fail(log_file, "--log-file", what, "choose another file") from error
    _output = _Output(quiet, verbose, log_file)


def detail(line: str) -> None:
    """Write a line for those who want to know more: printed with --verbose, and logged."""
    _write(line, is_printed=_output.verbose)


def complain(line: str) -> None:
    """Write a line about an error: printed even with --quiet, and logged."""
    _write(line, is_printed=True)


def _write(line: str, *, is_printed: bool) -> None:
    if is_printed:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    if _output.log_file:
        with _output.log_file.open("a", encoding="utf-8") as log:
            now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
            log.writelines(f"{now} {part}\n" for part in line.split("\n"))


def say(line: str) -> None:
    """Write one line for the user to stderr; results go to stdout and to files, never through here."""
    _write(line, is_printed=not _output.quiet)


def elapsed(since: float) -> str:
    """The time since a `time.monotonic()` reading, as `8.2 s` or `3 min 12 s`."""
    seconds = time.monotonic() - since
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.1f} s"


def duration(seconds: float, decimals: int = 1) -> str:
    """Return a time, such as `8.2 s`, `3 min 12 s` or `24 h 5 min`; `decimals` is for seconds alone."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.{decimals}f} s"


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


@dataclass
class _Published:
    """Progress that is shown, and published in a file."""

    inner: Bar
    file: ProgressFile
    title: str
    total: float
    done: float = 0.0
    text: str = ""

    def advance(self, steps: float = 1) -> None:
        self.inner.advance(steps)
        self.done += steps
        self._publish()

    def note(self, text: str) -> None:
        self.inner.note(text)
        self.text = text
        self._publish()

    def _publish(self) -> None:
        self.file.write(self.title, min(1.0, self.done / self.total) if self.total else 0.0, self.text)
