"""Views that recipes can query besides the tables of artifacts, one per module; each is made if a query names it.

A module has `create(connection, sources)`, which creates the view of the module's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from shoptune.runtime.plugins import load_plugins, plugin_names

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Sources:
    """The inputs of views.

    Attributes:
        folders: the artifacts that the user passed.
        recipes: the folder of the data recipes.
    """

    folders: Sequence[Path]
    recipes: Path


class View(Protocol):
    """The interface of this package's modules."""

    def create(self, connection: DuckDBPyConnection, sources: Sources) -> None:
        """Create the view.

        Raises:
            ShoptuneError: the artifacts lack what it is made of.
        """


def views_named(query: str) -> list[str]:
    """The views of this package that a query names."""
    return [name for name in plugin_names(__name__) if re.search(rf"\b{name}\b", query)]


def create_views(query: str, connection: DuckDBPyConnection, sources: Sources) -> None:
    """Create the views that a query names.

    Args:
        query: the records of a recipe.
        connection: has the tables of the artifacts.
        sources: what the views are made of.

    Raises:
        ShoptuneError: the artifacts lack what a view is made of.
    """
    for name in views_named(query):
        cast("View", load_plugins(__name__)[name]).create(connection, sources)
