"""Sources: each module turns one public data set's files, as downloaded, into DuckDB tables.

A module is named as its folder under the raw directory and as a recipe's `source`. It has one function,
`register(reader, directory)`, which creates the tables that recipes query, and `FILES`, the patterns of its files.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.checkpoints.hub import local_folder
from shoptune.errors import fail

if TYPE_CHECKING:
    from shoptune.data.recipe import Task
    from shoptune.data.sources.readers import SourceReader

_NO_SOURCES = frozenset({"malformed", "files", "readers"})


def names() -> list[str]:
    """Every source there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NO_SOURCES)


def folders(tasks: Sequence[Task], raw: Path) -> Mapping[str, Path]:
    """The folder of every source that is there: the one that a recipe names, else its folder in the raw directory.

    Raises:
        ShoptuneError: a recipe names a folder or hub id that cannot be had.
    """
    found = {}
    for task in tasks:
        if task.files is not None:
            patterns: Sequence[str] = importlib.import_module(f"{__name__}.{task.source}").FILES
            found[task.source] = local_folder(task.files, patterns, "dataset", file=task.file, key="files")
        elif task.source not in found and (raw / task.source).is_dir():
            found[task.source] = raw / task.source
    return found


def register(source: str, reader: SourceReader, directory: Path) -> None:
    """Create a source's tables from its folder.

    Raises:
        ShoptuneError: the folder or a file in it is missing.
    """
    if not directory.is_dir():
        raise fail(directory, "", "the source's folder is missing", "put its files there as downloaded")
    module = importlib.import_module(f"{__name__}.{source}")
    create: Callable[[SourceReader, Path], None] = module.register
    create(reader, directory)
