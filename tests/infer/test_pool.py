"""Dividing a cluster among replicas, and a replica's work, without Ray."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptune.errors import ShoptuneError, fail
from shoptune.infer import replica
from shoptune.infer.pool import finished, share
from shoptune.infer.profile import Profile
from shoptune.infer.replica import Replica

CORES = [{"CPU": 16.0}, {"CPU": 6.0}]
GPUS = [{"CPU": 96.0, "GPU": 8.0}, {"CPU": 96.0, "GPU": 6.0}, {"CPU": 4.0}]


@pytest.mark.parametrize(
    ("nodes", "gpus", "replicas", "expected"),
    [
        ([{"CPU": 2.0}], 1, 2, (2, {"num_cpus": 1})),
        ([{"CPU": 2.0}], 4, None, (1, {"num_cpus": 2})),
        (CORES, 1, None, (1, {"num_cpus": 16})),
        (CORES, 1, 2, (2, {"num_cpus": 8})),  # both on the first node, rather than 6 cores on each
        (CORES, 1, 3, (3, {"num_cpus": 6})),
        (CORES, 1, 22, (22, {"num_cpus": 1})),
        (GPUS, 4, None, (3, {"num_gpus": 4})),  # two GPUs of the second node are too few for a replica
        (GPUS, 4, 2, (2, {"num_gpus": 4})),
        (GPUS, 1, None, (14, {"num_gpus": 1})),
    ],
)
def test_a_cluster_is_divided(
    nodes: Sequence[Mapping[str, float]], gpus: int, replicas: int | None, expected: tuple[int, dict[str, int]]
) -> None:
    found = share(nodes, gpus, replicas)
    assert (found.replicas, found.resources) == expected


@pytest.mark.parametrize(
    ("nodes", "gpus", "replicas", "message"),
    [
        (CORES, 1, 23, "--replicas: 23: each replica needs a core, but the cluster has enough for only 22; "),
        (GPUS, 4, 4, "--replicas: 4: each replica needs 4 GPUs of one node, but the cluster has enough for only 3; "),
        (
            GPUS,
            16,
            None,
            "--replicas: 1: each replica needs 16 GPUs of one node, but the cluster has enough for only 0; ",
        ),
    ],
)
def test_a_cluster_that_is_too_small_is_refused(
    nodes: Sequence[Mapping[str, float]], gpus: int, replicas: int | None, message: str
) -> None:
    with pytest.raises(ShoptuneError) as raised:
        share(nodes, gpus, replicas)
    assert str(raised.value).startswith(message)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.integers(1, 60))
def test_replicas_fit_and_could_not_be_larger(cores: list[int], replicas: int) -> None:
    nodes = [{"CPU": float(number)} for number in cores]
    if sum(cores) < replicas:
        with pytest.raises(ShoptuneError):
            share(nodes, 1, replicas)
        return
    each = share(nodes, 1, replicas).resources["num_cpus"]
    assert sum(number // each for number in cores) >= replicas
    assert sum(number // (each + 1) for number in cores) < replicas


class _Engine:
    def __init__(self, checkpoint: Path, profile: Profile) -> None:
        if not checkpoint.name:
            raise fail("few.json", "", "no such file", "correct the path")


def _double(engine: _Engine, piece: int) -> int:
    if piece < 0:
        raise fail("question", "", "is too long", "raise engine.max_model_len")
    return piece * 2


def _outcome(made: Replica, piece: object) -> Any:
    return finished(made({"number": 7, "piece": pickle.dumps(piece)}))


@pytest.fixture
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "Engine", _Engine)
    for name in ("HF_HUB_OFFLINE", "VLLM_NO_USAGE_STATS", "VLLM_CPU_OMP_THREADS_BIND"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("_stand_in")
def test_a_replica_returns_results_and_errors_that_the_user_can_fix() -> None:
    made = Replica(Path("model"), Profile(), _double)
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["VLLM_NO_USAGE_STATS"] == "1"
    done = _outcome(made, 21)
    assert (done.number, done.result) == (7, 42)
    assert 0 <= done.seconds < 60
    with pytest.raises(ShoptuneError, match=r"^question: is too long"):
        _outcome(made, -1)
    with pytest.raises(TypeError):
        _outcome(made, None)


@pytest.mark.usefixtures("_stand_in")
def test_an_engine_that_cannot_start_is_reported_in_the_same_way() -> None:
    with pytest.raises(ShoptuneError, match=r"^few\.json: no such file; correct the path$"):
        _outcome(Replica(Path(), Profile(), _double), 1)
