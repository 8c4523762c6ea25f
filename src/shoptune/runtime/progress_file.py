"""The progress of a stage as a file in the folder that it writes to, for programs that watch it, such as the studio."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRESS = ".progress.json"
_SECONDS_BETWEEN_WRITES = 1.0
_SECONDS_OF_SILENCE = 300.0  # of another machine's process, before it counts as gone


@dataclass
class ProgressFile:
    """Receives the progress of the bars of a stage, and keeps its file up to date."""

    file: Path
    about: Mapping[str, Any]
    written: float = float("-inf")

    def write(self, title: str = "", done: float = 0.0, note: str = "") -> None:
        """Write the file, unless it was written within the last second.

        Args:
            title: the title of the bar.
            done: the share of the bar's work that is done, from 0 to 1.
            note: the bar's note.
        """
        if time.monotonic() - self.written < _SECONDS_BETWEEN_WRITES:
            return
        self.written = time.monotonic()
        progress = {"title": title, "done": round(done, 4), "note": note, "updated": time.time()}
        with suppress(OSError):  # a stage does not fail because nobody can watch it
            self.file.write_text(json.dumps({**self.about, **progress}, ensure_ascii=False), encoding="utf-8")


_files: list[ProgressFile] = []


def current() -> ProgressFile | None:
    """Return the file of the innermost stage that runs in this process, or None."""
    return _files[-1] if _files else None


@contextmanager
def published(directory: Path, about: Mapping[str, Any]) -> Iterator[None]:
    """While the block runs, publish the progress of its bars in a folder; the file is removed at the end.

    Args:
        directory: the folder in which a stage works.
        about: the stage, as JSON values.
    """
    process = {"host": socket.gethostname(), "process": os.getpid()}
    file = ProgressFile(directory / PROGRESS, {**about, **process})
    file.write()
    file.written = float("-inf")
    _files.append(file)
    try:
        yield
    finally:
        _files.remove(file)
        file.file.unlink(missing_ok=True)


def read_progress(directory: Path) -> Mapping[str, Any] | None:
    """Return the progress of the stage that works in a folder; None if the file is missing or half-written."""
    try:
        progress = json.loads((directory / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return progress if isinstance(progress, dict) else None


def is_alive(progress: Mapping[str, Any]) -> bool:
    """Return whether the process that published a stage's progress is still running.

    A process of another machine counts as running if its file has changed within five minutes.
    """
    if progress.get("host") != socket.gethostname():
        return time.time() - float(progress.get("updated", 0)) < _SECONDS_OF_SILENCE
    try:
        os.kill(int(progress["process"]), 0)
    except PermissionError:
        return True  # another user's process
    except (KeyError, ValueError, OSError, OverflowError):
        return False
    return True
