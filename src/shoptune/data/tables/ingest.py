"""Ingest: the raw files of sources become Parquet tables, partition by partition."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from shoptune.data import sources
from shoptune.data.executor import Executor
from shoptune.data.readers.declared_tables import DeclaredTables
from shoptune.data.readers.files import refuse_lfs_pointers
from shoptune.data.readers.source_reader import SourceReader
from shoptune.data.readers.table_store import TableStore
from shoptune.data.tables.source_tables import SourceTables, merged
from shoptune.errors import Problem, ShoptuneError
from shoptune.runtime.progress import bar

_SCRATCH = ".scratch"
_PARTITIONS = ".partitions"  # facts about finished partitions, until all are finished


@dataclass(frozen=True)
class Reading:
    """How raw files are read; only `most` changes the tables.

    Attributes:
        memory_gb: memory limit of DuckDB in each worker, in units of 10^9 bytes; beyond it, DuckDB spills to disk.
        threads: DuckDB threads in each worker, or None for one per core.
        most: the most records to read of each table, for a quick look, or None.
    """

    memory_gb: float = 1.2
    threads: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Partition:
    """Files that are read independently of others: the unit of work.

    Attributes:
        source: the source's name.
        name: the partition's name.
        directory: the source's folder of raw files, or the tables that a recipe declares.
        files: the partition's files.
        out: the source's folder of tables.
    """

    source: str
    name: str
    directory: sources.RawFiles
    files: Sequence[Path]
    out: Path

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(file.stat().st_size for file in self.files)


def ingest(
    folders: Mapping[str, sources.RawFiles], out: Path, reading: Reading, executor: Executor
) -> dict[str, SourceTables]:
    """Write the tables of sources, each to a folder of its name.

    Args:
        folders: the raw files' folder of each source.
        out: where the tables go.
        reading: how files are read.
        executor: where partitions are read.

    Raises:
        ShoptuneError: files are missing or not data, or a source gave no record.
    """
    work = [
        Partition(source, name, folders[source], files, out / source)
        for source in sorted(folders)
        for name, files in sorted(sources.partitions(source, folders[source]).items())
    ]
    refuse_lfs_pointers(sorted({file for partition in work for file in partition.files}))
    parts: dict[tuple[str, str], SourceTables] = {}
    work.sort(key=lambda partition: -partition.bytes)  # the largest first, so that no worker starts it last
    with bar("ingest", sum(partition.bytes for partition in work)) as progress:
        for partition, part in zip(work, executor.map(partial(ingest_partition, reading), work), strict=True):
            parts[partition.source, partition.name] = part
            progress.advance(partition.bytes)
    found = {
        source: merged(out / source, [parts[key] for key in sorted(parts) if key[0] == source]) for source in folders
    }
    _refuse_empty_tables(folders, found)
    for tables in found.values():
        tables.save()
        for leftover in (_SCRATCH, _PARTITIONS):
            shutil.rmtree(tables.directory / leftover)
    return found


def ingest_partition(reading: Reading, partition: Partition) -> SourceTables:
    """Read the files of one partition and store its tables, unless an interrupted run has done so.

    Raises:
        ShoptuneError: a file is missing or not data.
    """
    import duckdb

    finished = partition.out / _PARTITIONS / partition.name
    if finished.is_dir():
        return replace(SourceTables.load(finished), directory=partition.out)
    scratch = partition.out / _SCRATCH / partition.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with duckdb.connect(scratch / "raw.duckdb") as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = '{reading.memory_gb}GB'")
        if reading.threads:
            connection.execute(f"SET threads = {reading.threads}")
        store = TableStore(partition.out, partition.name)
        folder = partition.directory if isinstance(partition.directory, Path) else partition.directory.recipe.parent
        reader = SourceReader(connection, folder, store, scratch, files=frozenset(partition.files), most=reading.most)
        sources.register(partition.source, reader, partition.directory)
    tables = SourceTables(
        scratch / "found", reader.created, reader.views, reader.macros, reader.missing, reader.malformed
    )
    tables.save()
    finished.parent.mkdir(exist_ok=True)
    tables.directory.rename(finished)
    return replace(tables, directory=partition.out)


def _refuse_empty_tables(folders: Mapping[str, sources.RawFiles], found: Mapping[str, SourceTables]) -> None:
    """Stop if a table has no record at all.

    Raises:
        ShoptuneError: with one line per table, which names the first malformed record.
    """
    problems = []
    for source, tables in found.items():
        for name, table in tables.tables.items():
            if not table.rows:
                declared = isinstance(folders[source], DeclaredTables)
                first = next((f" ({m.file}: line {m.line}: {m.reason})" for m in tables.malformed), "")
                what = f"no record of table '{name}' could be read{first}"
                remedy = "correct its files" if declared else "put the source's files there as downloaded"
                problems.append(Problem(str(folders[source]), "", what, remedy))
    if problems:
        raise ShoptuneError(problems)
