"""Files in the formats that the sources come in, the same bytes each time; folders are made as needed."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write_csv(file: Path, rows: Iterable[Sequence[str]]) -> None:
    """Rows as CSV; the header, where there is one, is the first."""
    with _make_parent(file).open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows(rows)


def write_tsv(file: Path, rows: Iterable[Sequence[str]]) -> None:
    """Rows as tab-separated lines, without quotes."""
    text = "".join("\t".join(row) + "\n" for row in rows)
    _make_parent(file).write_text(text, encoding="utf-8")


def write_parquet(file: Path, rows: list[dict[str, object]]) -> None:
    """Rows as a compressed Parquet file."""
    pq.write_table(pa.Table.from_pylist(rows), _make_parent(file), compression="zstd")


def write_json(file: Path, rows: object) -> None:
    """Rows as one JSON text, indented."""
    _make_parent(file).write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_jsonl(file: Path, rows: Iterable[dict[str, object]]) -> None:
    """Rows as JSON lines."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    _make_parent(file).write_text(text, encoding="utf-8")


def write_jsonl_gz(file: Path, rows: Iterable[dict[str, object]]) -> None:
    """Rows as compressed JSON lines."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    _make_parent(file).write_bytes(gzip.compress(text.encode(), mtime=0))


def _make_parent(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file
