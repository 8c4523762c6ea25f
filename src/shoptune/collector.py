"""Python's garbage collector, called less often.

It walks every object there is: what loading the libraries made, and rows, which live as long as their batch.
"""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def collect_rarely() -> None:
    """Look for garbage after many new objects only, and not among those that are there now."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
