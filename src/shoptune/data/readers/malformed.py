"""Malformed records with their place and reason, and recovery of what is readable in a broken file.

Only files in which DuckDB finds errors are read here; Python never reads the others.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

_SAMPLE_CHARACTERS = 400
_LISTED_PER_FILE = 1000
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")


@dataclass(frozen=True)
class MalformedRecord:
    """A part of a raw file that was set aside.

    Attributes:
        file: the raw file.
        line: the line in the file, from 1; 0 for the file as a whole.
        reason: what is wrong.
        sample: the beginning of the part.
        records: how many records it stands for.
    """

    file: str
    line: int
    reason: str
    sample: str = ""
    records: int = 1


@dataclass(frozen=True)
class Expected:
    """The fields of a record.

    Attributes:
        columns: all fields that are read; a record has at least one of them.
        required: fields that every record has.
    """

    columns: Sequence[str]
    required: Sequence[str]

    def problem(self, value: Any) -> str:
        """Return the problem of a JSON value, or an empty string."""
        if not isinstance(value, dict):
            return "not a JSON object"
        if not any(value.get(column) is not None for column in self.columns):
            return f"has none of the fields {', '.join(self.columns)}"
        if absent := [column for column in self.required if value.get(column) is None]:
            return f"lacks {', '.join(absent)}"
        return "" if _is_unicode(value) else "not valid UTF-8"


def listed(found: Iterable[MalformedRecord], file: Path) -> list[MalformedRecord]:
    """The first malformed records of a file, and the number of the others."""
    found = iter(found)
    shown = list(islice(found, _LISTED_PER_FILE))
    if rest := sum(1 for _ in found):
        shown.append(MalformedRecord(str(file), 0, f"{rest} more malformed records", records=rest))
    return shown


def bad_lines(file: Path, expected: Expected) -> Iterator[MalformedRecord]:
    """The malformed lines of a JSON-lines file; a line whose fields are of another type is one of them."""
    with _open(file) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip() and (reason := _wrong(line, expected)):
                yield MalformedRecord(str(file), number, reason, _shown(line))


def line_at(file: Path, place: int) -> int:
    """The line, from 1, of a byte in a file; a record may span several lines."""
    with file.open("rb") as raw:
        return raw.read(place).count(b"\n") + 1


def save_lines(file: Path, saved: Path) -> MalformedRecord | None:
    """Copy the whole lines of a JSON-lines file that is cut short; returns where it ends, or None if it is whole."""
    number = 0
    with saved.open("wb") as out, _open(file) as lines:
        try:
            for number, line in enumerate(lines, start=1):  # noqa: B007 - the last number is needed
                if line.endswith(b"\n"):
                    out.write(line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = f"the file is cut short or damaged here ({_first_line(error)})"
            return MalformedRecord(str(file), number + 1, reason)
    return None


def save_objects(file: Path, saved: Path, expected: Expected) -> Iterator[MalformedRecord]:
    """Copy the well-formed objects of a file with one JSON array, as JSON lines; yields the malformed ones."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    with saved.open("w", encoding="utf-8") as out:
        for place, value, problem in _objects(text):
            if reason := problem or expected.problem(value):
                yield MalformedRecord(str(file), text.count("\n", 0, place) + 1, reason, _shown(text[place:]))
            else:
                out.write(json.dumps(value) + "\n")


def _objects(text: str) -> Iterator[tuple[int, Mapping[str, Any], str]]:
    """The objects of a JSON array: place, value, and what is wrong with its syntax."""
    decoder = json.JSONDecoder()
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except ValueError as error:
            yield place, {}, f"not valid JSON ({_first_line(error)})"
            following = _NEXT_OBJECT.search(text, place + 1)
            place = following.end() if following else -1
        else:
            yield place, value, ""
            place = text.find("{", end)


def _wrong(line: bytes, expected: Expected) -> str:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 (byte {error.start + 1} of the line)"
    except ValueError as error:
        return f"not valid JSON ({_first_line(error)})"
    return expected.problem(value)


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file)) if file.suffix == ".gz" else file.open("rb")


def _shown(text: bytes | str) -> str:
    text = text[: _SAMPLE_CHARACTERS * 4]
    shown = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return shown.decode(errors="replace")[:_SAMPLE_CHARACTERS].strip()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
