"""Import a library without the optional libraries that it would import too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*optional: str) -> Iterator[None]:
    """Make imports of optional libraries fail for a while, unless they have been imported before.

    For a library that imports others only for functions that we do not call, and does without them if they are not
    installed.
    """
    blocked = [name for name in optional if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type] # None: "not installed"
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]
