"""Where work runs: in this process, in a pool of processes, or on a Ray cluster. The results are the same."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from shoptune.data.filters.candidates import Candidates
from shoptune.errors import fail
from shoptune.runtime.gc_tuning import tune_garbage_collection

if TYPE_CHECKING:
    import pyarrow as pa

ExecutorName = Literal["local", "ray"]
Work = Callable[["pa.RecordBatch"], Candidates]
_MANY_ROWS = 10_000
_AHEAD = 2  # batches submitted per worker: one running, one waiting


class Executor(Protocol):
    """Applies a function to batches of records."""

    def map(self, work: Work, batches: Iterable[pa.RecordBatch]) -> Iterator[Candidates]:
        """The result of `work` for each batch, in order."""


def executor(name: ExecutorName, workers: int, rows: int = 0) -> AbstractContextManager[Executor]:
    """An executor, for use in a `with` block.

    Args:
        name: `local`; or `ray` for the cluster at `RAY_ADDRESS`, or without that for one started on this machine.
        workers: number of processes.
        rows: rows wanted of the largest task; if there are many, the processes start before the first records arrive.

    Raises:
        ShoptuneError: Ray is requested and not installed.
    """
    return _Ray(workers) if name == "ray" else _Local(workers, rows)


class _Local(AbstractContextManager["Executor"]):
    """A pool of processes, started once there is work for more than one."""

    def __init__(self, workers: int, rows: int) -> None:
        self._workers, self._rows = workers, rows
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Executor:
        if self._workers > 1 and self._rows >= _MANY_ROWS:
            for _ in range(self._workers):  # each submission starts a process
                self._started().submit(tune_garbage_collection)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def map(self, work: Work, batches: Iterable[pa.RecordBatch]) -> Iterator[Candidates]:
        stream = iter(batches)
        first, second = next(stream, None), next(stream, None)
        if first is None:
            return
        if second is None or self._workers == 1:
            yield work(first)
            yield from map(work, _chain(second, stream))
            return
        pool = self._started()
        yield from _in_order(
            (pool.submit(work, batch) for batch in _chain(first, _chain(second, stream))),
            self._workers * _AHEAD,
            result=lambda future: future.result(),
            cancel=lambda future: future.cancel(),
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked from this process, which runs DuckDB's threads, but from a server with the imports loaded.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["shoptune.data.worker"])
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=tune_garbage_collection)
        return self._pool


class _Ray(AbstractContextManager["Executor"]):
    """One Ray task per batch."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def __enter__(self) -> Executor:
        try:
            import ray
        except ImportError as error:
            raise fail("--engine", "ray", "Ray is not installed", "install shoptune[ray], or use local") from error
        import os

        local = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": self._workers, "include_dashboard": False}
        ray.init(log_to_driver=False, logging_level="error", **local)
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        ray.shutdown()

    def map(self, work: Work, batches: Iterable[pa.RecordBatch]) -> Iterator[Candidates]:
        import ray

        task = ray.remote(num_cpus=1)(_call)
        shared = ray.put(work)
        ahead = max(self._workers, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD
        pieces = (task.remote(shared, batch) for batch in batches)
        yield from _in_order(pieces, ahead, result=ray.get, cancel=ray.cancel)


def _call(work: Work, batch: pa.RecordBatch) -> Candidates:
    return work(batch)


def _in_order(
    work: Iterator[Any], ahead: int, *, result: Callable[[Any], Candidates], cancel: Callable[[Any], object]
) -> Iterator[Candidates]:
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


def _chain(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
        yield from rest
