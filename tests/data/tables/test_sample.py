"""Samples keep or drop all records of a value together, and do not depend on how a table is partitioned."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest

from shoptune.data.readers.table_store import StoredTable, TableStore
from shoptune.data.tables.sample import _condition, sample

RECORDS = 6000  # of 1500 users, four records each
QUERY = "SELECT i % 1500 AS user_id, i AS item, i % 2 AS half FROM range(6000) r(i)"


def _stored(folder: Path, *parts: str, partition_by: str | None = None) -> StoredTable:
    with duckdb.connect() as connection:
        tables = []
        for number, query in enumerate(parts):
            connection.execute("DROP VIEW IF EXISTS bought")
            store = TableStore(folder, f"part{number}")
            tables.append(store.write(connection, "bought", query, "user_id", partition_by))
    return StoredTable(tuple(file for table in tables for file in table.files), RECORDS, "user_id")


def _kept(folder: Path, table: StoredTable, wanted: int, seed: int = 1) -> list[tuple[int, int]]:
    with duckdb.connect() as connection:
        drawn = sample(connection, folder, table, wanted, seed)
        files = [str(folder / file) for file in table.files]
        rows = connection.execute(
            f"SELECT user_id, item FROM read_parquet(?) WHERE {drawn.condition} ORDER BY item", [files]
        ).fetchall()
    users = Counter(user for user, _ in rows)
    assert (drawn.records, drawn.values, drawn.of) == (len(rows), len(users), RECORDS)
    assert drawn.pairs == sum(count * (count - 1) // 2 for count in users.values())
    return rows


def test_a_sample_has_whole_users(tmp_path: Path) -> None:
    kept = _kept(tmp_path, _stored(tmp_path, QUERY), wanted=600)
    assert set(Counter(user for user, _ in kept).values()) == {4}
    assert 560 <= len(kept) <= 600  # whole buckets, most of which have no user or one
    # Items are uniform: 600 of 0..5999 have a mean of 2999.5 with a standard deviation of 1732 / sqrt(150) at most
    assert abs(sum(item for _, item in kept) / len(kept) - 2999.5) < 5 * 1732 / 150**0.5


def test_a_sample_is_the_same_in_every_partitioning(tmp_path: Path) -> None:
    whole = _kept(tmp_path / "a", _stored(tmp_path / "a", QUERY), wanted=600)
    halves = [f"SELECT * FROM ({QUERY}) WHERE half = {half}" for half in (0, 1)]
    assert _kept(tmp_path / "b", _stored(tmp_path / "b", *halves), wanted=600) == whole
    by_value = _stored(tmp_path / "c", QUERY, partition_by="half")
    assert by_value.files == ("bought/part0-0.parquet", "bought/part0-1.parquet")
    assert _kept(tmp_path / "c", by_value, wanted=600) == whole


def test_the_seed_decides_which_users(tmp_path: Path) -> None:
    table = _stored(tmp_path, QUERY)
    one, two = ({user for user, _ in _kept(tmp_path, table, wanted=600, seed=seed)} for seed in (1, 2))
    assert one != two
    assert len(one & two) < 75  # two tenths of 1500 users share 15 on average


@pytest.mark.parametrize("wanted", [1, 6000, 10**9])
def test_at_least_one_user_and_at_most_all(tmp_path: Path, wanted: int) -> None:
    assert len(_kept(tmp_path, _stored(tmp_path, QUERY), wanted)) == (4 if wanted == 1 else RECORDS)


def test_after_the_last_bucket_comes_the_first() -> None:
    top, bucket = (1 << 64) - 1, 1 << 48
    assert _condition(65535, 2) == (
        f"(sample_hash BETWEEN {65535 * bucket} AND {top} OR sample_hash BETWEEN 0 AND {bucket - 1})"
    )
    assert _condition(0, 65536) == f"(sample_hash BETWEEN 0 AND {top})"
