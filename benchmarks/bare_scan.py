"""Read a file of reviews with DuckDB and do nothing else: the least that ingesting it could cost.

Run: .venv/bin/python benchmarks/bare_scan.py RAW
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from shoptune.data.readers.table import Table
from shoptune.data.sources.reviews2023 import REVIEW

USED = "count(rating), max(title), max(text), max(parent_asin), max(user_id), max(timestamp), max(helpful_vote)"


def main() -> None:
    """Scan the file that the command line names."""
    table = Table("reviews", [Path(sys.argv[1]) / "reviews2023" / "Toys.jsonl"], REVIEW)
    options = f"columns = {table.listed}, format = 'newline_delimited'"
    print(duckdb.execute(f"SELECT {USED} FROM read_json('{table.files[0]}', {options})").fetchone())


if __name__ == "__main__":
    main()
