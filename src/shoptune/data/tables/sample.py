"""Samples of stored tables: all records of a value (a user, a product) are kept or dropped together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.data.readers.files import quoted
from shoptune.data.readers.table_store import SAMPLE_HASH, StoredTable, relation
from shoptune.data.tables.connection import open_connection
from shoptune.data.tables.memory_limit import MemoryLimit
from shoptune.data.tables.source_tables import SourceTables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAMPLES = "samples"  # below the scratch folder
_BUCKETS = 1 << 16
_BUCKET_BITS = 48  # the hash has 64 bits; its upper 16 are the bucket's number


@dataclass(frozen=True)
class Sample:
    """A sample of a table.

    Attributes:
        query: SQL that reads it, with the columns that recipes see.
        records: the number of records kept.
        of: the number of records in the table.
        sample_by: the column whose values are kept or dropped as a whole.
        values: the number of different values kept, for example users.
        pairs: the number of pairs of records that share a value.
    """

    query: str
    records: int
    of: int
    sample_by: str
    values: int
    pairs: int


def draw_samples(
    tables: Mapping[str, SourceTables], wanted: Mapping[str, int], seed: int, scratch: Path, memory_gb: float
) -> dict[str, Sample]:
    """Samples of the tables that have more records than wanted, by name.

    Args:
        tables: the tables of each source.
        wanted: by table, the most records to use.
        seed: the mixture's seed.
        scratch: a folder, visible to all workers, for samples that depend on another table's.
        memory_gb: memory limit of DuckDB, in units of 10^9 bytes.
    """
    samples: dict[str, Sample] = {}
    first = int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=2).digest(), "big")
    with open_connection(scratch) as connection:
        MemoryLimit(connection, memory_gb)  # otherwise DuckDB takes most of the machine
        for source in tables.values():
            sampled = {
                name: _Sampling(connection, source.directory, table, wanted[name], first)
                for name, table in source.tables.items()
                if wanted.get(name, table.rows) < table.rows and table.sample_by
            }
            for name, sampling in sorted(sampled.items(), key=lambda item: item[1].table.kept_with is not None):
                if partner := sampling.table.kept_with:
                    whole = relation(source.tables[partner], source.directory)
                    query = samples[partner].query if partner in samples else whole
                    samples[name] = sampling.with_partner(query, scratch / _SAMPLES / f"{name}.parquet")
                else:
                    samples[name] = sampling.by_hash()
    return samples


@dataclass(frozen=True)
class _Sampling:
    """Draws a sample of one table.

    The hash of a value decides its bucket; consecutive buckets are kept, from one that the seed decides. The records
    are sorted by the hash, so that a sample reads a part of each file. Which records are kept depends on their values
    and the seed alone, not on how the table is partitioned.

    Attributes:
        connection: the database.
        directory: the source's folder of tables.
        table: the table; it has a column to sample by.
        wanted: number of records.
        first: the bucket to begin with.
    """

    connection: DuckDBPyConnection
    directory: Path
    table: StoredTable
    wanted: int
    first: int

    def by_hash(self) -> Sample:
        """About as many records as wanted, never more unless one bucket alone has more."""
        kept = _buckets(self._counts(), self.first, self.wanted)
        return self._measured(f"{relation(self.table, self.directory)} WHERE {_condition(self.first, kept)}")

    def with_partner(self, partner: str, file: Path) -> Sample:
        """The records that another table joins with, however many; then others by hash, up to the wanted number.

        Args:
            partner: SQL for the other table; it has the column to sample by.
            file: where to store the sample, as Parquet: the records are spread over all files of the table.
        """
        column = f'"{self.table.sample_by}"'
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE partners AS SELECT DISTINCT {column} FROM ({partner})")
        others = self._counts(f"ANTI JOIN partners USING ({column})")
        missing = self.wanted - (self.table.rows - sum(others.values()))
        condition = _condition(self.first, _buckets(others, self.first, missing) if missing > 0 else 0)
        select = f"{relation(self.table, self.directory)} WHERE {condition} OR {column} IN (FROM partners)"
        file.parent.mkdir(parents=True, exist_ok=True)
        self.connection.execute(f"COPY ({select}) TO {quoted([file])[1:-1]} (FORMAT parquet, COMPRESSION zstd)")
        return self._measured(f"SELECT * FROM read_parquet({quoted([file])})")

    def _counts(self, joined: str = "") -> dict[int, int]:
        """The number of records in each bucket."""
        rows = f"read_parquet({quoted([self.directory / file for file in self.table.files])}) {joined}"
        query = f"SELECT {SAMPLE_HASH} >> {_BUCKET_BITS} AS bucket, count(*) FROM {rows} GROUP BY bucket"
        return dict(self.connection.execute(query).fetchall())

    def _measured(self, query: str) -> Sample:
        found = self.connection.execute(
            f"""SELECT coalesce(sum(n), 0), count(*), coalesce(sum(n * (n - 1) // 2), 0)
                FROM (SELECT count(*) AS n FROM ({query}) GROUP BY "{self.table.sample_by}")"""
        ).fetchone()
        records, values, pairs = map(int, found or (0, 0, 0))
        return Sample(query, records, self.table.rows, str(self.table.sample_by), values, pairs)


def _buckets(counts: Mapping[int, int], first: int, wanted: int) -> int:
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
    return "(" + (" OR ".join(f"{SAMPLE_HASH} BETWEEN {low} AND {high}" for low, high in bounds) or "false") + ")"
