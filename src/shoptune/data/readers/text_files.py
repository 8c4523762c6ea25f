"""Look into text files before DuckDB reads them: compression, byte-order marks, CSV headers."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

BOM = b"\xef\xbb\xbf"
FILENAME = "filename"  # the column that raw tables have for messages


def open_binary(file: Path) -> BinaryIO:
    """A file's content, decompressed."""
    if file.suffix == ".gz":
        return cast("BinaryIO", gzip.open(file))
    if file.suffix == ".zst":
        import pyarrow as pa

        return cast("BinaryIO", pa.CompressedInputStream(str(file), "zstd"))
    return file.open("rb")


def beginning(file: Path) -> bytes:
    """The first kilobyte, or nothing when the file is damaged."""
    try:
        with open_binary(file) as raw:
            return raw.read(1024)
    except (EOFError, OSError, zlib.error):
        return b""


def header(file: Path, kind: str) -> tuple[str, tuple[str, ...]]:
    """The delimiter of a CSV file, which is the most frequent of four in its header, and its column names."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        first = lines.readline()
        delimiter = "\t" if kind == ".tsv" else max(",;\t|", key=first.count)
        lines.seek(0)
        return delimiter, tuple(next(csv.reader(lines, delimiter=delimiter), []))


def unusable(columns: Sequence[str]) -> str:
    """Why a CSV file's columns cannot be those of a table, or an empty text."""
    folded = [column.casefold() for column in columns]
    if not all(column.strip() for column in columns):
        return "a column has no name"
    if FILENAME in folded:
        return f"a column is named '{FILENAME}', which is reserved"
    twice = next((column for column in columns if folded.count(column.casefold()) > 1), None)
    return f"two columns are named '{twice}'" if twice else ""
