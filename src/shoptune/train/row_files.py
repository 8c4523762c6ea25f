"""The files of a set of training rows, an entry of `datasets` or `test_datasets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def with_files(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A set of rows with the patterns in its `data_files` replaced by the files that match, in order of name.

    A pattern is relative to the set's folder, or else to the current folder.
    """
    patterns = entry.get("data_files")
    if not patterns or not Path(entry["path"]).is_dir():
        return dict(entry)
    return {**entry, "data_files": [str(file) for file in _matching(Path(entry["path"]), patterns)]}


def missing_rows(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the missing part of a local data set and the remedy, or None if it is complete."""
    path, patterns = Path(entry["path"]), entry.get("data_files")
    if not path.exists():
        return f"no such file or folder '{path}'", "build the rows first: shoptune data build"
    if patterns and path.is_file():
        return f"'{path}' is a file, but data_files needs a folder", "name its folder, or remove data_files"
    if patterns and not _matching(path, patterns):
        return f"no file in '{path}' matches {patterns}", "build the rows first: shoptune data build"
    return None


def _matching(folder: Path, patterns: str | Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        anchored = Path(pattern).relative_to(Path(pattern).anchor) if Path(pattern).is_absolute() else Path(pattern)
        root = Path(Path(pattern).anchor) if Path(pattern).is_absolute() else Path()
        files += sorted(folder.glob(str(anchored))) or sorted(root.glob(str(anchored)))
    return list(dict.fromkeys(files))
