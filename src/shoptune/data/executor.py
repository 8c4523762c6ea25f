"""Where work runs: in this process, in a pool of processes, or on a Ray cluster. The results are the same."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from itertools import chain, islice
from typing import Any, Literal, Protocol, TypeVar

from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.parent import end_with_main_process
from shoptune.runtime.ray_cluster import ray_cluster

PieceT = TypeVar("PieceT")
ResultT = TypeVar("ResultT")

ExecutorName = Literal["local", "ray"]
_AHEAD = 2  # pieces submitted per worker: one running, one waiting


class Executor(Protocol):
    """Applies functions to pieces of work."""

    def map(self, work: Callable[[PieceT], ResultT], pieces: Iterable[PieceT]) -> Iterator[ResultT]:
        """The result of `work` for each piece, in order."""


def executor(name: ExecutorName, workers: int, *, start: bool = False) -> AbstractContextManager[Executor]:
    """An executor, for use in a `with` block.

    Args:
        name: `local`, or `ray` for the cluster at `RAY_ADDRESS` (without that variable, one started on this machine).
        workers: number of processes; with one, everything runs in this process.
        start: start the processes now rather than with the first work.

    Raises:
        ShoptuneError: Ray is requested and not installed.
    """
    return _Ray(workers) if name == "ray" else _Local(workers, start=start)


class _Local(AbstractContextManager["Executor"]):
    """A pool of processes, started once there is work for more than one."""

    def __init__(self, workers: int, *, start: bool) -> None:
        self._workers, self._start = workers, start
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Executor:
        if self._workers > 1 and self._start:
            for _ in range(self._workers):  # each submission starts a process
                self._started().submit(tune_garbage_collection)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(self, work: Callable[[PieceT], ResultT], pieces: Iterable[PieceT]) -> Iterator[ResultT]:
        stream = iter(pieces)
        head = list(islice(stream, 2)) if self._workers > 1 else []
        if len(head) <= 1:
            yield from map(work, chain(head, stream))
            return
        pool = self._started()
        submitted: Iterator[Future[ResultT]] = (pool.submit(work, piece) for piece in chain(head, stream))
        yield from _in_order(
            submitted,
            self._workers * _AHEAD,
            result=lambda future: future.result(),
            cancel=lambda future: future.cancel(),
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked from this process, which runs DuckDB's threads, but from a server with the imports loaded.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["shoptune.data.worker"])
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=_begin_worker)
        return self._pool


def _begin_worker() -> None:
    tune_garbage_collection()
    end_with_main_process()


class _Ray(AbstractContextManager["Executor"]):
    """One Ray task per piece of work."""

    def __init__(self, workers: int) -> None:
        self._workers, self._cluster = workers, ray_cluster(workers)

    def __enter__(self) -> Executor:
        self._cluster.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.__exit__(None, None, None)

    def map(self, work: Callable[[PieceT], ResultT], pieces: Iterable[PieceT]) -> Iterator[ResultT]:
        import ray

        task = ray.remote(num_cpus=1)(_call)
        shared = ray.put(work)
        ahead = max(self._workers, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD
        submitted = (task.remote(shared, piece) for piece in pieces)
        yield from _in_order(submitted, ahead, result=ray.get, cancel=ray.cancel)


def _call(work: Callable[[PieceT], ResultT], piece: PieceT) -> ResultT:
    return work(piece)


def _in_order(
    work: Iterator[Any], ahead: int, *, result: Callable[[Any], ResultT], cancel: Callable[[Any], object]
) -> Iterator[ResultT]:
    """Results in order of submission, with `ahead` pieces submitted before waiting for the first.

    When the caller stops early, pieces that have not started are cancelled.
    """
    pending: deque[Any] = deque()
    try:
        for piece in work:
            pending.append(piece)
            if len(pending) >= ahead:
                yield result(pending.popleft())
        while pending:
            yield result(pending.popleft())
    finally:
        for piece in pending:
            cancel(piece)
