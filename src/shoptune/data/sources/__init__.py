"""Sources: each module turns the files of one public data set, as downloaded, into tables.

Every module in this package is a source, found by its name: the name of its folder under the raw directory and of a
recipe's `source`. A module has `FILES`, the patterns of its files, and `register(reader)`, which reads them and creates
the tables that recipes query. `docs/extending.md` shows how to add one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from shoptune.checkpoints.hub import local_folder
from shoptune.data.readers.declared_reader import read_declared
from shoptune.data.readers.declared_tables import DeclaredTables, declared_tables
from shoptune.data.readers.files import find, none_found
from shoptune.data.recipe import TABLES, TEACHER, Task
from shoptune.errors import fail, nearest

if TYPE_CHECKING:
    from shoptune.data.readers.source_reader import SourceReader


class Source(Protocol):
    """The interface of this package's modules; `partitions` is optional."""

    FILES: Sequence[str]

    def partitions(self, files: Sequence[Path]) -> Mapping[str, Sequence[Path]]:
        """Groups of files that are read independently of each other, by name."""

    def register(self, reader: SourceReader) -> None:
        """Read the files and create the tables that recipes query."""


def names() -> list[str]:
    """The name of every source."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


RawFiles = Path | DeclaredTables  # where a source's files are: in a folder, or where a recipe says


def folders(tasks: Sequence[Task], raw: Path | None) -> Mapping[str, RawFiles]:
    """The files of each source that is present: those its recipe names, else its folder in the raw directory.

    Raises:
        ShoptuneError: a recipe names an unknown source, or files, a folder or a Hub id that are not available.
    """
    found: dict[str, RawFiles] = {}
    for task in tasks:
        if task.source == TEACHER:
            continue
        if task.tables:
            found[task.source] = found.get(task.source) or declared_tables(task)
            continue
        if task.source not in names():
            raise fail(
                task.file, "source", f"no source '{task.source}'", nearest(task.source, [*names(), TABLES, TEACHER])
            )
        if task.files is not None:
            patterns = _source(task.source).FILES
            found[task.source] = local_folder(task.files, patterns, "dataset", file=task.file, key="files")
        elif raw and task.source not in found and (raw / task.source).is_dir():
            found[task.source] = raw / task.source
    return found


def raw_files(location: RawFiles) -> list[Path]:
    """All files that a source may read."""
    if isinstance(location, DeclaredTables):
        return location.files
    return [file for file in location.rglob("*") if file.is_file()]


def partitions(source: str, directory: RawFiles) -> Mapping[str, Sequence[Path]]:
    """The files of a source that are read independently of each other, by the partition's name.

    Raises:
        ShoptuneError: the folder contains no files of the source.
    """
    if isinstance(directory, DeclaredTables):
        return {source: directory.files}
    module = _source(source)
    files = find(directory, *module.FILES)
    if not files:
        raise none_found(directory, *module.FILES)
    return module.partitions(files) if hasattr(module, "partitions") else {source: files}


def register(source: str, reader: SourceReader, location: RawFiles | None = None) -> None:
    """Create the tables of a source, or of one partition of it.

    Args:
        source: the source's name.
        reader: reads its files.
        location: the tables that a recipe declares; the sources of this package know theirs.

    Raises:
        ShoptuneError: a file is missing or cannot be read.
    """
    if isinstance(location, DeclaredTables):
        read_declared(reader, location)
        return
    _source(source).register(reader)


def _source(name: str) -> Source:
    return cast("Source", importlib.import_module(f"{__name__}.{name}"))
