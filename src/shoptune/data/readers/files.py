"""Find a source's files and quote their paths for SQL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shoptune.errors import fail


def find(directory: Path, *patterns: str) -> list[Path]:
    """The files that match any of the patterns, in order of path.

    Raises:
        ShoptuneError: there are none.
    """
    files = sorted({file for pattern in patterns for file in directory.rglob(pattern)})
    if not files:
        raise fail(directory, "", f"holds no {' or '.join(patterns)}", "put the source's files there as downloaded")
    return files


def quoted(files: Sequence[Path]) -> str:
    """Paths as a SQL list of texts."""
    texts = ["'" + str(file).replace("'", "''") + "'" for file in files]
    return f"[{', '.join(texts)}]"
