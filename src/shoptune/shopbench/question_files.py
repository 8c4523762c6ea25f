"""Read files of questions or predictions: JSON lines, a JSON array or CSV, with or without a byte-order mark."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from shoptune.errors import Problem, ShoptuneError, fail

RecordT = TypeVar("RecordT")
_PROBLEMS_SHOWN = 20


def read_records(path: Path, build: Callable[[Mapping[str, Any]], RecordT]) -> list[RecordT]:
    """The records of a file, in order.

    Args:
        path: the file; CSV if its name ends in `.csv` or `.tsv`, else JSON.
        build: makes a record of the fields; a ValueError says what is wrong with them.

    Raises:
        ShoptuneError: the file is not UTF-8, or has malformed records; up to twenty are reported together.
    """
    records, problems = [], []
    for where, fields in _fields(path):
        try:
            records.append(build(_checked(fields)))
        except ValueError as error:
            problems.append(Problem(path, where, str(error), f"correct the {where.partition(' ')[0]}"))
    if problems:
        raise ShoptuneError(problems[:_PROBLEMS_SHOWN])
    return records


def _checked(fields: Any) -> Mapping[str, Any]:
    if isinstance(fields, ValueError):
        raise fields
    if not isinstance(fields, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for a bad record
    return fields


def _fields(path: Path) -> Iterator[tuple[str, Any]]:
    """The place and the fields of each record, or the error of a line that is not JSON."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise fail(path, f"byte {error.start}", "is not UTF-8", "convert the file to UTF-8") from error
    if path.suffix.lower() in {".csv", ".tsv"}:
        yield from _csv(path, text)
    elif text.lstrip()[:1] == "[" and (array := _array(text)) is not None:
        for number, value in enumerate(array, start=1):
            yield f"record {number}", value
    else:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                try:
                    yield f"line {number}", json.loads(line)
                except ValueError as error:
                    yield f"line {number}", error


def _array(text: str) -> list[Any] | None:
    """The array that a file holds, or None if it holds lines."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) and all(isinstance(entry, dict) for entry in value) else None


def _csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Records of a CSV file; an empty cell is a missing field."""
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    for record in reader:
        yield f"line {reader.line_num}", {name: value for name, value in record.items() if name and value}
