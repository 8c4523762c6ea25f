"""Ingested tables for teacher recipes, and a folder for recipes about products."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.data import sources
from shoptune.data.executor import executor
from shoptune.data.recipe import load_tasks
from shoptune.data.tables.ingest import Reading, ingest
from tests.conftest import REAL_DATA
from tests.data import real
from tests.sharing import make_once
from tests.teach.shop import PRODUCTS, Shop, store

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The products as an artifact of `shoptune data ingest`."""
    return store(tmp_path_factory.mktemp("teach") / "tables", PRODUCTS)


@pytest.fixture
def shop(tmp_path: Path, tables: Path) -> Shop:
    """A folder for recipes, a cache of its own, and the products."""
    return Shop(tmp_path, tables)


def _ingest(raw: Path, out: Path, *names: str) -> None:
    tasks = list(load_tasks(ROOT / "data_recipes").values())
    found = {source: files for source, files in sources.folders(tasks, raw).items() if source in names}
    with executor("local", workers=1) as here:
        ingest(found, out, Reading(), here)


@pytest.fixture(scope="session")
def shop_tables(shared_folder: Path) -> Path:
    """The reviews and products of the made-up shop."""
    raw = ROOT / "examples" / "raw"
    return make_once(
        shared_folder / "teach-shop", lambda out: _ingest(raw, out, "reviews2023"), shared_folder / "state"
    )


@pytest.fixture(scope="session")
def shop_tasks(shared_folder: Path) -> Path:
    """The sources of the made-up shop that are quick to query: in one language, and in several."""
    raw = ROOT / "examples" / "raw"
    return make_once(
        shared_folder / "teach-tasks", lambda out: _ingest(raw, out, "mmlu", "amazon_m2"), shared_folder / "state"
    )


@pytest.fixture(scope="session")
def real_tables(shared_folder: Path) -> Path:
    """Real reviews and products."""
    return _real(shared_folder, "reviews2023")


@pytest.fixture(scope="session")
def real_tasks(shared_folder: Path) -> Path:
    """Real questions, sessions and products in several languages, and titles with attributes."""
    return _real(shared_folder, "mmlu", "amazon_m2", "attributes")


def _real(shared_folder: Path, *names: str) -> Path:
    if not REAL_DATA.exists():
        pytest.skip("the real data are not here: shared/data")
    folder = shared_folder / f"teach-real-{names[0]}"

    def make(out: Path) -> None:
        raw = out.with_name(f"{out.name}-raw")
        real.make(REAL_DATA, raw)
        for file in (raw / "reviews2023").glob("*.jsonl"):
            if not file.is_symlink():  # made of partial samples, of 24 more categories
                file.unlink()
        _ingest(raw, out, *names)

    return make_once(folder, make, shared_folder / "state")
