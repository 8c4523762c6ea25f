"""Fixtures for tests with the real libraries, and the order in which these tests start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.engine_host import EngineHost
from tests.end_to_end.pipeline import Pipeline

# Engines that run concurrently must not all be bound to the first core.
os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with what takes longest: the whole pipeline on one worker, what needs little of it on the next.

    `make test` hands out tests in this order, one at a time; the fast tests fill what is left. See docs/log.md.
    """
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("slow") is None:
        return 3
    if item.get_closest_marker("whole_pipeline"):
        return 0
    return 1 if item.get_closest_marker("early") else 2


@pytest.fixture(scope="session")
def pipeline(shared_folder: Path) -> Pipeline:
    """The pipeline's artifacts, made when first requested and shared by all workers."""
    return Pipeline(shared_folder / "pipeline", shared_folder / "pipeline-state")


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineHost]:
    """Runs `shoptune infer` in one process, in which equal engines are shared."""
    host = EngineHost(Path(tmp_path_factory.mktemp("engines")) / "host.log")
    yield host
    host.close()
