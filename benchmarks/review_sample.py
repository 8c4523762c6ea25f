"""Read a folder of reviews with DuckDB: a bare scan of the columns that recipes use, or a sample drawn as it is read.

Run: .venv/bin/python benchmarks/review_sample.py RAW scan|NUMBER
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from shoptune.data.readers.source_reader import SourceReader, Table
from shoptune.data.sources.reviews2023 import REVIEW

USED = "count(rating), max(title), max(text), max(parent_asin), max(user_id), max(timestamp), max(helpful_vote)"


def main() -> None:
    """Do what the command line says."""
    raw, what = Path(sys.argv[1]), sys.argv[2]
    with TemporaryDirectory(dir=raw) as scratch, duckdb.connect(Path(scratch) / "sources.duckdb") as connection:
        connection.execute("SET memory_limit = '1GB'")
        connection.execute("SET preserve_insertion_order = false")
        table = Table("reviews", [raw / "reviews2023" / "Toys.jsonl"], REVIEW, ("user_id", "timestamp"))
        if what == "scan":
            options = f"columns = {table.listed}, format = 'newline_delimited'"
            print(connection.execute(f"SELECT {USED} FROM read_json('{table.files[0]}', {options})").fetchone())
            return
        SourceReader(connection, Path(scratch), sample={"reviews": int(what)}).json_lines(table)
        print(connection.execute(f"SELECT {USED}, count(*) FROM raw_reviews").fetchone())


if __name__ == "__main__":
    main()
