"""Files made once per session by the first worker of pytest-xdist that needs them; other workers wait."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def make_once(out: Path, make: Callable[[Path], object], state: Path) -> Path:
    """A file or folder, made if nobody has; a failure is the failure of everyone who asks.

    Args:
        out: the path, which appears when it is complete or stays invisible to others while the lock is held.
        make: makes it at the path that it is given.
        state: a folder for locks and failures.
    """
    state.mkdir(parents=True, exist_ok=True)
    failure = state / f"{out.name}.failure"
    with _locked(state / f"{out.name}.lock"):
        assert not failure.exists(), failure.read_text()
        if not out.exists():
            try:
                make(out)
            except BaseException as error:
                failure.write_text(f"making {out.name} failed before: {error}")
                raise
    return out


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
