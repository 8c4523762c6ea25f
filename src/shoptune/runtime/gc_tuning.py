"""Python's garbage collector, called less often.

It walks every object there is: what loading the libraries made, and rows, which live as long as their batch.
"""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def tune_garbage_collection() -> None:
    """Look for garbage after many new objects only, and not among those that are there now."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def freeze_loaded_objects() -> None:
    """Take all objects that are there now as there for good, in a process that collects rarely; else do nothing.

    Libraries whose bindings look for leaks at the end must not be loaded yet: they would find what is never collected.
    """
    if gc.get_threshold()[0] == _OBJECTS_BETWEEN_COLLECTIONS:
        gc.freeze()
