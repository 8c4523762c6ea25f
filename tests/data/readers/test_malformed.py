"""Malformed files are rejected, or their malformed records are set aside with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table
from shoptune.data.readers.table_store import TableStore
from shoptune.errors import ShoptuneError

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n"
CAFE = b"caf\xe9"  # Latin-1, not UTF-8


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    with duckdb.connect() as connection:
        yield SourceReader(connection, tmp_path, TableStore(tmp_path / "tables", "all"), tmp_path / "scratch")


def _table(file: Path) -> Table:
    return Table("things", [file], {"id": "INTEGER", "text": "VARCHAR"}, ("text",))


def _texts(reader: SourceReader) -> list[str]:
    return [text for (text,) in reader.connection.execute("SELECT text FROM raw_things ORDER BY text").fetchall()]


@pytest.mark.parametrize("name", ["things.jsonl", "things.json", "things.csv", "things.parquet"])
def test_a_git_lfs_pointer_is_refused(reader: SourceReader, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(POINTER)
    with pytest.raises(ShoptuneError, match=rf"{name}: is a Git LFS pointer, not the data; run `git lfs pull`"):
        reader.find(name)


def test_json_lines_that_are_not_utf_8(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "things.jsonl"
    file.write_bytes(b'{"id": 1, "text": "a"}\n{"id": 2, "text": "' + CAFE + b'"}\n{"id": 3, "text": "c"}\n')
    reader.json_lines(_table(file))
    assert _texts(reader) == ["a", "c"]
    assert [(m.line, m.reason) for m in reader.malformed] == [(2, "not valid UTF-8 (byte 23 of the line)")]


def test_an_array_that_is_not_utf_8(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "things.json"
    file.write_bytes(b'[{"id": 1, "text": "a"},\n {"id": 2, "text": "' + CAFE + b'"},\n {"id": 3, "text": "c"}]')
    reader.json_array(_table(file))
    assert _texts(reader) == ["a", "c"]
    assert [(m.file, m.line, m.reason) for m in reader.malformed] == [(str(file), 2, "not valid UTF-8")]


def test_text_lines_that_are_not_utf_8(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "things.txt"
    file.write_bytes(b"a, b\n" + CAFE + b"\nc\n")
    reader.lines("things", [file])
    assert reader.connection.execute("SELECT line FROM raw_things ORDER BY line").fetchall() == [("a, b",), ("c",)]
    assert [(m.line, m.reason.partition(" (")[0]) for m in reader.malformed] == [(2, "Invalid unicode")]


def test_records_without_a_required_field_are_set_aside(reader: SourceReader, tmp_path: Path) -> None:
    lines, array = tmp_path / "things.jsonl", tmp_path / "things.json"
    records = [{"id": 1, "text": "a"}, {"id": 2}, {"id": 3, "text": None}]
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    array.write_text("[" + ",\n".join(map(json.dumps, records)) + "]")
    for read, file in ((reader.json_lines, lines), (reader.json_array, array)):
        reader.malformed.clear()
        read(_table(file))
        assert _texts(reader) == ["a"]
        assert [(m.file, m.line, m.reason) for m in reader.malformed] == [
            (str(file), 2, "lacks text"),
            (str(file), 3, "lacks text"),
        ]


def test_of_many_malformed_lines_the_first_thousand_are_listed(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "things.jsonl"
    file.write_text('{"text": "a"}\n' + "broken\n" * 1500)
    reader.json_lines(_table(file))
    assert len(reader.malformed) == 1001
    assert (reader.malformed[0].line, reader.malformed[999].line) == (2, 1001)
    assert (reader.malformed[-1].reason, reader.malformed[-1].records) == ("500 more malformed records", 500)


def test_a_damaged_parquet_file_is_set_aside(reader: SourceReader, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    reader.connection.execute(f"COPY (SELECT 1 AS id) TO '{good}' (FORMAT parquet)")
    bad.write_bytes(good.read_bytes()[:-20])
    assert reader.connection.execute(f"FROM {reader.parquet([bad, good], ['id'])}").fetchall() == [(1,)]
    assert [(m.file, m.reason.partition(" (")[0]) for m in reader.malformed] == [(str(bad), "cannot be read")]
