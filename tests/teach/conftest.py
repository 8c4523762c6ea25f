"""Products as ingested tables, and a folder for recipes about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.shop import PRODUCTS, Shop, store


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The products as an artifact of `shoptune data ingest`."""
    return store(tmp_path_factory.mktemp("teach") / "tables", PRODUCTS)


@pytest.fixture
def shop(tmp_path: Path, tables: Path) -> Shop:
    """A folder for recipes, a cache of its own, and the products."""
    return Shop(tmp_path, tables)
