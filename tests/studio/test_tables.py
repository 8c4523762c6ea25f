"""Pages of tables that DuckDB reads."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoptune.studio.tables import Condition, Table


@pytest.fixture
def parquet(tmp_path: Path) -> Table:
    files = []
    for number in range(2):
        rows = {"n": list(range(number * 50, number * 50 + 50)), "kind": ["even", "odd"] * 25}
        files.append(tmp_path / f"part-{number}.parquet")
        pq.write_table(pa.table(rows), files[-1])
    return Table(tuple(files))


@pytest.fixture
def lines(tmp_path: Path) -> Table:
    (tmp_path / "lines.jsonl").write_text("".join(json.dumps({"n": n}) + "\n" for n in range(10)))
    return Table((tmp_path / "lines.jsonl",))


def test_a_page_has_its_rows_and_the_number_of_all(parquet: Table) -> None:
    page = parquet.page("n", [Condition("kind = ?", ("odd",)), Condition("n > ?", (2,))], "n", offset=10, limit=3)
    assert [row["n"] for row in page.rows] == [23, 25, 27]
    assert page.total == 49
    assert parquet.page("n", offset=1000).rows == []
    assert parquet.counts("kind") == {"even": 50, "odd": 50}


def test_lines_are_tables_too(lines: Table) -> None:
    assert [row["n"] for row in lines.page("n", offset=8, limit=5).rows] == [8, 9]


def test_values_are_not_sql(parquet: Table) -> None:
    assert parquet.page("n", [Condition("kind = ?", ("odd' OR 'a' = 'a",))]).total == 0


def test_a_query_cannot_read_other_files(parquet: Table, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\n1\n")
    with pytest.raises(duckdb.PermissionException):
        parquet.rows(f"SELECT * FROM {parquet.source}, read_csv('{tmp_path}/secret.csv')")
    with pytest.raises(duckdb.Error):
        parquet.rows("SET enable_external_access = true", [])
