"""The user's cache folder: what can be computed again, kept between commands."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """A folder below `$SHOPTUNE_CACHE`, or else below the `shoptune` folder of the user's cache; it may not exist."""
    if root := os.environ.get("SHOPTUNE_CACHE"):
        return Path(root) / name
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoptune" / name
