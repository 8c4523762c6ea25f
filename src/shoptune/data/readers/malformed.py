"""What is wrong with a raw file, line by line, and what can be saved of a broken one.

Only files that DuckDB stumbled over come here; whole ones are never read by Python.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

_SAMPLE_CHARACTERS = 400
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")


@dataclass(frozen=True)
class MalformedRecord:
    """A part of a raw file that was put aside.

    Attributes:
        file: the raw file.
        line: its line, from 1; 0 for the file as a whole.
        reason: what is wrong.
        sample: how the part begins.
    """

    file: str
    line: int
    reason: str
    sample: str = ""


def bad_lines(file: Path, columns: Collection[str]) -> Iterator[MalformedRecord]:
    """The lines of a JSON-lines file that are no object with any of the columns."""
    with _open(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip() and (reason := _wrong(line, columns)):
                yield MalformedRecord(str(file), number, reason, _shown(line))


def line_at(file: Path, place: int) -> int:
    """The line, from 1, of a byte in a file; a record may span several lines."""
    with file.open("rb") as raw:
        return raw.read(place).count(b"\n") + 1


def save_lines(file: Path, saved: Path) -> MalformedRecord | None:
    """Copy the whole lines of a JSON-lines file that ends in the middle; says where it ends, or None if it is whole."""
    number = 0
    with saved.open("wb") as out, _open(file) as lines:
        try:
            for number, line in enumerate(lines, start=1):  # noqa: B007 - the last number is wanted
                if line.endswith(b"\n"):
                    out.write(line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            return MalformedRecord(
                str(file), number + 1, f"the file is cut short or damaged here ({_first_line(error)})"
            )
    return None


def save_objects(file: Path, saved: Path) -> list[MalformedRecord]:
    """Copy the whole objects of a file that holds one JSON array, as JSON lines; says what was left out."""
    text = file.read_text(encoding="utf-8", errors="replace")
    decoder, faults = json.JSONDecoder(), []
    place = text.find("{")
    with saved.open("w", encoding="utf-8") as out:
        while place >= 0:
            try:
                value, end = decoder.raw_decode(text, place)
            except ValueError as error:
                line = text.count("\n", 0, place) + 1
                faults.append(
                    MalformedRecord(str(file), line, f"not valid JSON ({_first_line(error)})", _shown(text[place:]))
                )
                following = _NEXT_OBJECT.search(text, place + 1)
                place = following.end() if following else -1
            else:
                out.write(json.dumps(value) + "\n")
                place = text.find("{", end)
    return faults


def _wrong(line: bytes, columns: Collection[str]) -> str:
    try:
        value = json.loads(line)
    except ValueError as error:
        return f"not valid JSON ({_first_line(error)})"
    if not isinstance(value, dict):
        return "not a JSON object"
    if not any(value.get(column) is not None for column in columns):
        return f"holds none of the fields {', '.join(columns)}"
    return ""


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


def _shown(text: bytes | str) -> str:
    text = text[: _SAMPLE_CHARACTERS * 4]
    return (text.decode(errors="replace") if isinstance(text, bytes) else text)[:_SAMPLE_CHARACTERS].strip()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
