"""Numbers as text: sizes and counts."""

from __future__ import annotations

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def size(count: int) -> str:
    """Return a number of bytes, such as `7.45 MB`."""
    return next((f"{count / unit:.3g} {name}" for unit, name in _UNITS if count >= unit), f"{count} B")


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, such as `1 row` or `1,082 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
