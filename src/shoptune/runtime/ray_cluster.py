"""Connect to a Ray cluster: the one at `RAY_ADDRESS`, or else one that is started on this machine."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shoptune.errors import fail

ADDRESS = "RAY_ADDRESS"
# `ray.init` reports usage statistics only in nightly builds, and must never do so here.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_PROMPT_ENABLED": "0"}
_SECONDS = 10


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
        _reach(os.environ.get(ADDRESS, ""))
        ray.init(log_to_driver=logs, logging_level="error", **({} if is_elsewhere() else local))
    except OSError as error:  # among them ConnectionError
        if not is_elsewhere():
            raise
        remedy = "start one, or unset the variable to use this machine"
        raise fail(ADDRESS, os.environ.get(ADDRESS, ""), "no Ray cluster answers", remedy) from error
    try:
        yield
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Connect to an address such as `10.0.0.1:6379`, and raise if nothing listens: Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), _SECONDS).close()


def _how_to_install() -> str:
    if (Path(__file__).parents[3] / "Makefile").is_file():
        return "run `make setup WITH=ray`"
    return f"run: uv pip install --python {sys.prefix} 'shoptune[ray]'"
