"""Connecting to a Ray cluster, without one."""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
import sys
from typing import Any

import pytest

from shoptune.errors import ShoptuneError
from shoptune.runtime.ray_cluster import ADDRESS, ray_cluster, require_ray

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="Ray is not installed")


class _Ray:
    """Records the arguments of `ray.init`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> None:
        self.started: dict[str, Any] | None = None
        self.stopped, self._error = False, error
        self.usage_stats = ""
        monkeypatch.setattr("ray.init", self._init)
        monkeypatch.setattr("ray.shutdown", self._shutdown)

    def _init(self, **arguments: Any) -> None:
        self.usage_stats = os.environ["RAY_USAGE_STATS_ENABLED"]
        if self._error:
            raise self._error
        self.started = arguments

    def _shutdown(self) -> None:
        self.stopped = True


def test_without_an_address_a_cluster_starts_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    made = _Ray(monkeypatch)
    with ray_cluster(3):
        assert not made.stopped
    assert made.stopped
    # `local`: without it, Ray would join a cluster that somebody else started on this machine
    assert made.started is not None
    assert {name: made.started[name] for name in ("address", "num_cpus", "include_dashboard")} == {
        "address": "local", "num_cpus": 3, "include_dashboard": False,
    }  # fmt: skip
    assert made.usage_stats == "0"


def test_with_an_address_the_cluster_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _Ray(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv(ADDRESS, f"127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(KeyError), ray_cluster(3, logs=True):
            raise KeyError
    assert made.started == {"log_to_driver": True, "logging_level": "error"}
    assert made.stopped


@pytest.mark.parametrize("listens", [False, True])
def test_an_address_where_no_cluster_answers_is_a_one_line_error(
    listens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _Ray(monkeypatch, ConnectionError("Failed to connect to GCS"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if not listens:
            server.close()
        monkeypatch.setenv(ADDRESS, address)
        with pytest.raises(ShoptuneError) as raised, ray_cluster():
            pass
    what = "no Ray cluster answers; start one, or unset the variable to use this machine"
    assert str(raised.value) == f"RAY_ADDRESS: {address}: {what}"
    assert bool(made.usage_stats) is listens  # otherwise Ray is not even called, which would try for minutes


def test_a_full_disk_is_not_a_missing_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ADDRESS, raising=False)
    _Ray(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(OSError, match="No space left"), ray_cluster():
        pass


def test_missing_ray_is_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ShoptuneError) as raised:
        require_ray()
    what = f"Ray is not installed in {sys.prefix}; run `make setup WITH=ray`, or use local"
    assert str(raised.value) == f"--engine: ray: {what}"
