"""Raw files to a database in one step, in this process: for previews and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from shoptune.data.executor import executor
from shoptune.data.recipe import TEACHER, Task
from shoptune.data.sources import RawFiles
from shoptune.data.tables.database import Database, Querying, connect
from shoptune.data.tables.ingest import Reading, ingest
from shoptune.data.tables.teacher import NO_TEACHER, TeacherTables


def open_raw(
    tasks: Sequence[Task],
    folders: Mapping[str, RawFiles],
    scratch: Path,
    most: int | None = None,
    teacher: TeacherTables = NO_TEACHER,
) -> Database:
    """A database with the tables of raw files.

    Args:
        tasks: the tasks whose sources and views are needed.
        folders: the folder of raw files of each source; others than the tasks need are ignored.
        scratch: where the tables go; it must exist as long as the database is used.
        most: the most records to read of each raw table, or None for all.
        teacher: the teacher's tables.

    Raises:
        ShoptuneError: files are missing or not data, or a view is not valid SQL.
    """
    needed = {source: folders[source] for source in sorted({task.source for task in tasks} - {TEACHER})}
    with executor("local", workers=1) as here:
        tables = ingest(needed, scratch, Reading(most=most), here)
    return connect(tasks, tables, Querying(scratch), teacher)
