"""Samples keep or drop all records of a value together, and do not depend on how a table is partitioned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from shoptune.data.readers.table_store import StoredTable, TableStore
from shoptune.data.tables.sample import Sample, _condition, draw_samples
from shoptune.data.tables.source_tables import SourceTables

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


def _drawn(folder: Path, tables: dict[str, StoredTable], wanted: dict[str, int], seed: int = 1) -> dict[str, Sample]:
    source = SourceTables(folder, tables, {}, {}, {}, [])
    return draw_samples({"shop": source}, wanted, seed, folder / "scratch", memory_gb=0.2)


def _rows(sample: Sample) -> list[tuple[int, int]]:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT user_id, item FROM ({sample.query}) ORDER BY item").fetchall()


def _kept(folder: Path, table: StoredTable, wanted: int, seed: int = 1) -> list[tuple[int, int]]:
    drawn = _drawn(folder, {"bought": table}, {"bought": wanted}, seed)["bought"]
    rows = _rows(drawn)
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


def test_a_sample_has_at_least_one_user(tmp_path: Path) -> None:
    assert len(_kept(tmp_path, _stored(tmp_path, QUERY), wanted=1)) == 4


@pytest.mark.parametrize("wanted", [6000, 10**9])
def test_a_table_that_is_not_larger_is_not_sampled(tmp_path: Path, wanted: int) -> None:
    assert _drawn(tmp_path, {"bought": _stored(tmp_path, QUERY)}, {"bought": wanted}) == {}


def _with_visits(folder: Path) -> dict[str, StoredTable]:
    """The table above, and one of visits by users 0 to 299 and one who bought nothing, sampled together with it."""
    visits = "SELECT CASE WHEN i < 300 THEN i ELSE 7777 END AS user_id, i AS item, i % 2 AS half FROM range(301) r(i)"
    with duckdb.connect() as connection:
        stored = TableStore(folder, "visits").write(connection, "visits", visits, None, None)
    return {"bought": replace(_stored(folder, QUERY), kept_with="visits"), "visits": stored}


def test_a_sample_takes_what_another_table_joins_with_first_and_others_by_hash(tmp_path: Path) -> None:
    tables = _with_visits(tmp_path)
    drawn = _drawn(tmp_path, tables, {"bought": 1800})["bought"]
    users = Counter(user for user, _ in _rows(drawn))
    assert set(users.values()) == {4}
    assert set(range(300)) <= set(users)
    assert 7777 not in users
    assert 1760 <= sum(users.values()) == drawn.records <= 1800
    others = set(users) - set(range(300))
    assert others < {user for user, _ in _kept(tmp_path, replace(tables["bought"], kept_with=None), wanted=1800)}


def test_all_that_another_table_joins_with_is_kept_even_if_it_is_more_than_wanted(tmp_path: Path) -> None:
    drawn = _drawn(tmp_path, _with_visits(tmp_path), {"bought": 40})["bought"]
    assert {user for user, _ in _rows(drawn)} == set(range(300))


def test_a_sample_goes_with_the_sample_of_another_table(tmp_path: Path) -> None:
    tables = _with_visits(tmp_path)
    with duckdb.connect() as connection:
        visits = f"SELECT * FROM read_parquet('{tmp_path / tables['visits'].files[0]}')"
        (tmp_path / "again").mkdir()
        stored = TableStore(tmp_path, "again").write(connection, "again", visits, "user_id", None)
    drawn = _drawn(tmp_path, {**tables, "visits": stored}, {"bought": 10, "visits": 100})
    assert {user for user, _ in _rows(drawn["bought"])} == {user for user, _ in _rows(drawn["visits"])} - {7777}
    assert 1 <= drawn["visits"].records <= 100


def test_after_the_last_bucket_comes_the_first() -> None:
    top, bucket = (1 << 64) - 1, 1 << 48
    assert _condition(65535, 2) == (
        f"(sample_hash BETWEEN {65535 * bucket} AND {top} OR sample_hash BETWEEN 0 AND {bucket - 1})"
    )
    assert _condition(0, 65536) == f"(sample_hash BETWEEN 0 AND {top})"
