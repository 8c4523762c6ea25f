"""Samples of stored tables: all records of a value (a user, a product) are kept or dropped together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import quoted
from shoptune.data.readers.table_store import SAMPLE_HASH, StoredTable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BUCKETS = 1 << 16
_BUCKET_BITS = 48  # the hash has 64 bits; its upper 16 are the bucket's number


@dataclass(frozen=True)
class Sample:
    """A sample of a table.

    Attributes:
        condition: SQL that the sampled records fulfil.
        records: the number of records kept.
        of: the number of records in the table.
        sample_by: the column whose values are kept or dropped as a whole.
        values: the number of different values kept, for example users.
        pairs: the number of pairs of records that share a value.
    """

    condition: str
    records: int
    of: int
    sample_by: str
    values: int
    pairs: int


def sample(connection: DuckDBPyConnection, directory: Path, table: StoredTable, wanted: int, seed: int) -> Sample:
    """Choose about as many records of a table as wanted, never more unless one bucket alone has more.

    The hash of a value decides its bucket; consecutive buckets are kept, from one that the seed decides. The records
    are sorted by the hash, so that a sample reads a part of each file. Which records are kept depends on their values
    and the seed alone, not on how the table is partitioned.

    Args:
        connection: the database.
        directory: the source's folder of tables.
        table: the table; it has a column to sample by.
        wanted: number of records.
        seed: the mixture's seed.
    """
    rows = f"read_parquet({quoted([directory / file for file in table.files])})"
    counted = connection.execute(
        f"SELECT {SAMPLE_HASH} >> {_BUCKET_BITS} AS bucket, count(*) FROM {rows} GROUP BY bucket"
    )
    counts: dict[int, int] = dict(counted.fetchall())
    first = int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=2).digest(), "big")
    kept = _buckets(counts, first, wanted)
    condition = _condition(first, kept)
    found = connection.execute(
        f"""SELECT coalesce(sum(n), 0), count(*), coalesce(sum(n * (n - 1) // 2), 0)
            FROM (SELECT count(*) AS n FROM {rows} WHERE {condition} GROUP BY "{table.sample_by}")"""
    ).fetchone()
    records, values, pairs = map(int, found or (0, 0, 0))
    return Sample(condition, records, table.rows, str(table.sample_by), values, pairs)


def _buckets(counts: dict[int, int], first: int, wanted: int) -> int:
    """How many buckets to keep: as many as hold at most the wanted number of records, and at least one."""
    total = 0
    for step in range(_BUCKETS):
        here = counts.get((first + step) % _BUCKETS, 0)
        if total and total + here > wanted:
            return step
        total += here
    return _BUCKETS


def _condition(first: int, kept: int) -> str:
    """SQL for the hashes in `kept` consecutive buckets; after the last bucket comes bucket 0."""
    end = first + kept
    ranges = [(first, min(end, _BUCKETS)), (0, max(0, end - _BUCKETS))]
    bounds = [(low << _BUCKET_BITS, (high << _BUCKET_BITS) - 1) for low, high in ranges if low < high]
    return "(" + " OR ".join(f"{SAMPLE_HASH} BETWEEN {low} AND {high}" for low, high in bounds) + ")"
