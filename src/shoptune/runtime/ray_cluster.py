"""Connect to a Ray cluster: the one at `RAY_ADDRESS`, or else one that is started on this machine."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoptune.errors import fail

ADDRESS = "RAY_ADDRESS"
# Ray reports usage statistics by default.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_PROMPT_ENABLED": "0"}


def is_elsewhere() -> bool:
    """Whether `RAY_ADDRESS` names a cluster, which may have other machines than this one."""
    return bool(os.environ.get(ADDRESS))


def require_ray() -> None:
    """Check that Ray is installed.

    Raises:
        ShoptuneError: it is not.
    """
    if importlib.util.find_spec("ray") is None:
        what = f"Ray is not installed in {sys.prefix}"
        raise fail("--engine", "ray", what, f"{_how_to_install()}, or use local")


@contextmanager
def ray_cluster(cpus: int | None = None, *, logs: bool = False) -> Iterator[None]:
    """Connect to the cluster while the block runs. One that was started for it is stopped afterwards.

    Args:
        cpus: the number of CPUs of a cluster that is started on this machine; by default, all.
        logs: print what workers print.

    Raises:
        ShoptuneError: Ray is not installed, or no cluster answers at `RAY_ADDRESS`.
    """
    require_ray()
    os.environ.update(_QUIET)
    import ray

    local: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
    try:
        ray.init(log_to_driver=logs, logging_level="error", **({} if is_elsewhere() else local))
    except ConnectionError as error:
        what = "no Ray cluster answers"
        remedy = "start one, or unset the variable to use this machine"
        raise fail(ADDRESS, os.environ.get(ADDRESS, ""), what, remedy) from error
    try:
        yield
    finally:
        ray.shutdown()


def _how_to_install() -> str:
    if (Path(__file__).parents[3] / "Makefile").is_file():
        return "run `make setup WITH=ray`"
    return f"run: uv pip install --python {sys.prefix} 'shoptune[ray]'"
