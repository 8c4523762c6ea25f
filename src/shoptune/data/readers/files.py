"""Find a source's files, reject files that are not data, and quote paths for SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from shoptune.errors import Problem, ShoptuneError, fail

AS_DOWNLOADED = "put the source's files there as downloaded"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def find(directory: Path, *patterns: str) -> list[Path]:
    """The files below a folder that match any of the patterns, sorted by path."""
    return sorted({file for pattern in patterns for file in directory.rglob(pattern)})


def none_found(directory: Path, *patterns: str) -> ShoptuneError:
    """The error for a folder without files of the given patterns."""
    return fail(directory, "", f"contains no {' or '.join(patterns)}", AS_DOWNLOADED)


def refuse_lfs_pointers(files: Iterable[Path]) -> None:
    """Stop if a file is the pointer that Git stores in place of a large file.

    Raises:
        ShoptuneError: with one line per pointer.
    """
    problems = [
        Problem(file, "", "is a Git LFS pointer, not the data", "run `git lfs pull` where the files were cloned")
        for file in files
        if _starts_with(file, _LFS_POINTER)
    ]
    if problems:
        raise ShoptuneError(problems)


def csv_columns(file: Path, delimiter: str = ",") -> list[str]:
    """The column names of a CSV file with a header."""
    import csv

    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return next(csv.reader(lines, delimiter=delimiter), [])


def quoted(files: Sequence[Path]) -> str:
    """Paths as a SQL list of strings."""
    return f"[{', '.join(map(literal, files))}]"


def literal(text: str | Path) -> str:
    """A text as a SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def _starts_with(file: Path, head: bytes) -> bool:
    with file.open("rb") as raw:
        return raw.read(len(head)) == head
