"""The user's cache folder, for results that can be recomputed."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder in `$SHOPTUNE_CACHE`, or in `shoptune` in the user's cache folder; it may not exist yet."""
    if root := os.environ.get("SHOPTUNE_CACHE"):
        return Path(root) / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoptune" / name
