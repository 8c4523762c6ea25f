"""Sources: each module turns one public data set's files, as downloaded, into DuckDB tables.

A module is named as its folder under the raw directory and as a recipe's `source`, and has one function,
`register(connection, directory)`, which creates the tables that recipes query.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.errors import fail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def names() -> list[str]:
    """Every source there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "files")


def register(source: str, connection: DuckDBPyConnection, raw: Path) -> None:
    """Create a source's tables from its folder in the raw directory.

    Raises:
        ShoptuneError: the folder or a file in it is missing.
    """
    directory = raw / source
    if not directory.is_dir():
        raise fail(directory, "", "the source's folder is missing", "put its files there as downloaded")
    module = importlib.import_module(f"{__name__}.{source}")
    create: Callable[[DuckDBPyConnection, Path], None] = module.register
    create(connection, directory)
