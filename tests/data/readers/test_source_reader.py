"""Broken raw files: readable records are read, and the others are set aside with file and line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table import Table
from shoptune.data.readers.table_store import TableStore
from shoptune.errors import ShoptuneError

COLUMNS = {"id": "INTEGER", "text": "VARCHAR"}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[SourceReader]:
    with duckdb.connect() as connection:
        yield _reader(connection, tmp_path)


def _reader(connection: duckdb.DuckDBPyConnection, folder: Path, most: int | None = None) -> SourceReader:
    return SourceReader(connection, folder, TableStore(folder / "tables", "all"), folder / "scratch", most=most)


def _table(*files: Path) -> Table:
    return Table("things", files, COLUMNS, ("text",))


def _rows(reader: SourceReader) -> list[tuple[object, ...]]:
    return reader.connection.execute("SELECT id, text FROM raw_things ORDER BY id, text").fetchall()


def _malformed(reader: SourceReader) -> list[tuple[str, int, str]]:
    return [(Path(fault.file).name, fault.line, fault.reason.partition(" (")[0]) for fault in reader.malformed]


def test_bad_json_lines_are_put_aside_with_file_and_line(reader: SourceReader, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl.gz"
    good.write_text('{"id": 1, "text": "a"}\n')
    lines = ['{"id": 2, "text": "b"}', '{"id": 3, "te', "", "[1]", '{"other": 1}', '{"id": "no number", "text": "c"}']
    bad.write_bytes(gzip.compress("\n".join(lines).encode()))
    reader.json_lines(_table(good, bad))
    assert _rows(reader) == [(1, "a"), (2, "b"), (None, "c")]
    assert _malformed(reader) == [
        ("bad.jsonl.gz", 2, "not valid JSON"),
        ("bad.jsonl.gz", 4, "not a JSON object"),
        ("bad.jsonl.gz", 5, "has none of the fields id, text"),
    ]
    assert reader.malformed[0].sample == '{"id": 3, "te'


def test_a_truncated_gzip_gives_its_whole_lines(reader: SourceReader, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jsonl.gz", tmp_path / "cut.jsonl.gz"
    whole.write_bytes(gzip.compress(b'{"id": 100000, "text": "w"}\n'))
    packed = gzip.compress("".join(json.dumps({"id": n, "text": hex(n * 7919)}) + "\n" for n in range(5000)).encode())
    cut.write_bytes(packed[: len(packed) // 2])
    reader.json_lines(_table(whole, cut))
    rows = _rows(reader)
    assert rows[-1] == (100000, "w")
    assert rows[:-1] == [(n, hex(n * 7919)) for n in range(len(rows) - 1)]
    assert 1000 < len(rows) < 4000
    assert _malformed(reader) == [("cut.jsonl.gz", len(rows), "the file is cut short or damaged here")]


def test_a_broken_json_array_gives_its_whole_objects(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "array.json"
    file.write_text('[{"id": 1, "text": "a"},\n {"id": oops},\n {"id": 2, "text": "{}, {"}, {"id": 3, "text": "cut')
    reader.json_array(_table(file))
    assert _rows(reader) == [(1, "a"), (2, "{}, {")]
    assert _malformed(reader) == [("array.json", 2, "not valid JSON"), ("array.json", 3, "not valid JSON")]


def test_bad_csv_lines_are_put_aside(reader: SourceReader, tmp_path: Path) -> None:
    file = tmp_path / "things.csv"
    file.write_bytes(b'id,text\n1,"a\nb"\nonly one\n2,c,d\n\xff\xfe,e\n3,f\n')
    table = Table("things", [file], dict.fromkeys(COLUMNS, "VARCHAR"))
    reader.csv(table)
    assert _rows(reader) == [("1", "a\nb"), ("3", "f")]
    assert [(line, reason.partition(":")[0]) for _, line, reason in _malformed(reader)] == [
        (4, "Expected Number of Columns"),
        (5, "Expected Number of Columns"),
        (6, "Invalid unicode"),
    ]


def test_a_file_that_lacks_a_column_is_put_aside(reader: SourceReader, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.parquet", tmp_path / "bad.parquet"
    reader.connection.execute(f"COPY (SELECT 1 AS id, 'a' AS text) TO '{good}'; COPY (SELECT 2 AS id) TO '{bad}'")
    assert reader.connection.execute(f"FROM {reader.parquet([bad, good], COLUMNS)}").fetchall() == [(1, "a")]
    assert _malformed(reader) == [("bad.parquet", 0, "lacks the column text")]
    with pytest.raises(ShoptuneError, match=r"bad\.parquet: lacks the column text; put the source's files"):
        reader.parquet([bad], COLUMNS)


def test_unusual_characters_are_preserved(reader: SourceReader, tmp_path: Path) -> None:
    texts = ["x" * 1_000_000, "كرسي خشبي", "🫖‍🔥", "", "a\u2028b", "null"]
    file = tmp_path / "odd.jsonl"
    file.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    reader.json_lines(_table(file))
    assert _rows(reader) == list(enumerate(texts))
    assert not reader.malformed


def test_a_quick_look_reads_the_beginning_only(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"id": n, "text": "t"}) + "\n" for n in range(3000)))
    with duckdb.connect() as connection:
        reader = _reader(connection, tmp_path, most=10)
        reader.json_lines(_table(tmp_path / "a.jsonl"))
        assert len(_rows(reader)) == 10
