"""Redirect the output of noisy libraries to a log file, which is kept if they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoptune.runtime.progress import say


@contextmanager
def redirect_output(log: Path) -> Iterator[None]:
    """Redirect everything that this process prints to a file while the block runs; remove the file on success.

    File descriptors are redirected, so this includes the output of compiled code and child processes. If the block
    fails, the file is kept and its path printed.
    """
    streams = (sys.stdout, sys.stderr)
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    with log.open("ab") as file:
        try:
            for stream, descriptor in zip(streams, (1, 2), strict=True):
                stream.flush()
                os.dup2(file.fileno(), descriptor)
            yield
        except BaseException:
            _restore(streams, saved)
            say(f"what was printed until then is in {log}")
            raise
        _restore(streams, saved)
    log.unlink()


def _restore(streams: tuple[object, ...], saved: list[int]) -> None:
    for stream, descriptor, copy in zip(streams, (1, 2), saved, strict=True):
        stream.flush()  # type: ignore[attr-defined]
        os.dup2(copy, descriptor)
        os.close(copy)
