"""Run Python's garbage collector less often.

Each collection walks all live objects, and most of them are never garbage: modules and classes of the loaded libraries,
and rows, which live as long as their batch.
"""

from __future__ import annotations

import gc

_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def tune_garbage_collection() -> None:
    """Collect only after many new objects, and freeze those that exist now."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def freeze_loaded_objects() -> None:
    """Exclude the objects that exist now from collection, if `tune_garbage_collection` has been called.

    Call it before loading libraries whose bindings check for leaks at exit: they would report frozen objects.
    """
    if gc.get_threshold()[0] == _OBJECTS_BETWEEN_COLLECTIONS:
        gc.freeze()
