"""A pool of engines: replicas of one checkpoint, as actors of a Ray cluster, that answer side by side."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.infer.engine import Engine
from shoptune.infer.profile import Profile
from shoptune.infer.replica import ReplicaProcess
from shoptune.runtime.ray_cluster import ray_cluster

PieceT = TypeVar("PieceT")
ResultT = TypeVar("ResultT")

_RESTARTS = 3  # of each replica; a replica that dies whenever it starts must not be restarted forever


@dataclass(frozen=True)
class Finished(Generic[ResultT]):
    """A piece of work that a replica has finished.

    Attributes:
        number: its position among the pieces.
        result: what the work returned.
        started: when the replica started with it, in seconds since the epoch.
        seconds: the time that the replica took.
    """

    number: int
    result: ResultT
    started: float
    seconds: float


class EnginePool(AbstractContextManager["EnginePool"]):
    """Replicas of one engine, for use in a `with` block.

    The cluster is the one at `RAY_ADDRESS`, or this machine. Every node needs the checkpoint under the same path, and
    the environment of inference with Ray. Each replica gets as many GPUs as the profile's tensor parallelism says; in a
    cluster without GPUs, each gets an equal share of the cores. Replicas start in `map`, and end with it.

    Args:
        checkpoint: a local folder; its chat template renders the prompts.
        profile: the engine's arguments, prompting, constraints and length limits.
        replicas: the number of replicas; by default, as many as there are GPUs for, or one without GPUs.
    """

    def __init__(self, checkpoint: Path, profile: Profile, replicas: int | None = None) -> None:
        self._checkpoint, self._profile, self._asked_for = checkpoint.absolute(), profile, replicas
        self._open = ExitStack()

    def __enter__(self) -> EnginePool:
        """Connect to the cluster.

        Raises:
            ShoptuneError: Ray is not installed, no cluster answers, or it is too small for the replicas.
        """
        with ExitStack() as opening:
            opening.enter_context(ray_cluster(logs=True))
            self._share = share(_nodes(), self._profile.engine.tensor_parallel_size, self._asked_for)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the replicas, and the cluster if it was started for this pool."""
        self._open.close()

    @property
    def replicas(self) -> int:
        """The number of replicas."""
        return self._share.replicas

    def map(self, work: Callable[[Engine, PieceT], ResultT], pieces: Sequence[PieceT]) -> Iterator[Finished[ResultT]]:
        """Do pieces of work, and yield each as soon as it is finished, in any order.

        A replica that dies is restarted, and repeats only the piece that it was working on. To answer chats, pass
        `Engine.chat` and batches of chats.

        Args:
            work: called in a replica with its engine and a piece. It must be importable there, or be a
                `functools.partial` of a function that is.
            pieces: the pieces; they and the results must be picklable.

        Raises:
            ShoptuneError: the work failed with an error that the user can fix, or a replica died repeatedly.
        """
        if not pieces:
            return
        import ray
        from ray.data import ActorPoolStrategy, DataContext, from_items

        DataContext.get_current().enable_progress_bars = False
        rows = [{"number": number, "piece": pickle.dumps(piece)} for number, piece in enumerate(pieces)]
        answered = from_items(rows, override_num_blocks=len(rows)).map(
            ReplicaProcess,
            fn_constructor_args=(self._checkpoint, self._profile, work),
            # Each replica gets one piece at a time, so that no piece waits for a replica that is busy or restarting.
            compute=ActorPoolStrategy(size=min(self.replicas, len(rows)), max_tasks_in_flight_per_actor=1),
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
            **self._share.resources,
        )
        try:
            for row in answered.iter_batches(batch_size=1, prefetch_batches=0, batch_format="pyarrow"):
                yield finished(row.to_pylist()[0])
        except ray.exceptions.RayActorError as error:
            what = f"a replica died more than {_RESTARTS} times"
            raise fail(
                "--engine", "ray", what, "read the log for the reason; run the same command to resume"
            ) from error


@dataclass(frozen=True)
class Share:
    """The number of replicas, and what Ray reserves for each: `num_gpus` or `num_cpus`."""

    replicas: int
    resources: Mapping[str, int]


def share(nodes: Sequence[Mapping[str, float]], gpus: int, replicas: int | None) -> Share:
    """Divide a cluster among replicas. A replica cannot span nodes.

    Args:
        nodes: the resources of each node, such as `{"CPU": 16, "GPU": 8}`.
        gpus: the number of GPUs that a replica needs, if the cluster has any.
        replicas: the number of replicas, or None for as many as there are GPUs for, or one without GPUs.

    Raises:
        ShoptuneError: the cluster is too small.
    """
    if any(node.get("GPU", 0) for node in nodes):
        most = _fitting(nodes, "GPU", gpus)
        _refuse(replicas or 1, most, f"{gpus} GPU{'s' if gpus > 1 else ''} of one node")
        return Share(replicas or most, {"num_gpus": gpus})
    wanted = replicas or 1
    _refuse(wanted, _fitting(nodes, "CPU", 1), "a core")
    largest = int(max(node.get("CPU", 0) for node in nodes))
    cores = next(cores for cores in range(largest, 0, -1) if _fitting(nodes, "CPU", cores) >= wanted)
    return Share(wanted, {"num_cpus": cores})


def _fitting(nodes: Sequence[Mapping[str, float]], kind: str, each: int) -> int:
    """Return the number of replicas that fit if each needs `each` GPUs or CPUs."""
    return sum(int(node.get(kind, 0)) // each for node in nodes)


def _refuse(replicas: int, most: int, needed: str) -> None:
    if replicas > most:
        what = f"each replica needs {needed}, but the cluster has enough for only {most}"
        raise fail("--replicas", str(replicas), what, "reduce it, or add nodes to the cluster")


def _nodes() -> list[Mapping[str, float]]:
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def finished(row: Mapping[str, Any]) -> Finished[Any]:
    """Read what a replica returned.

    Raises:
        ShoptuneError: its work failed with an error that the user can fix.
    """
    outcome = pickle.loads(row["outcome"])  # noqa: S301 - written by this run's replicas
    if any(isinstance(part, Problem) for part in outcome):
        raise ShoptuneError(outcome)
    return Finished(row["number"], *outcome)
