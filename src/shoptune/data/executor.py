"""Who renders the batches: this process, a pool of processes, or a Ray cluster. The rows are the same."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from shoptune.data.render.batch import Rendered
from shoptune.errors import fail
from shoptune.runtime.gc_tuning import tune_garbage_collection

if TYPE_CHECKING:
    import pyarrow as pa

ExecutorName = Literal["local", "ray"]
Render = Callable[["pa.RecordBatch"], Rendered]
_MANY_ROWS = 10_000
_AHEAD = 2  # batches in work for each worker: one being rendered, one waiting


class Executor(Protocol):
    """Renders batches of records."""

    def map(self, render: Render, batches: Iterable[pa.RecordBatch]) -> Iterator[Rendered]:
        """What `render` makes of each batch, in order."""


def executor(name: ExecutorName, workers: int, rows: int = 0) -> AbstractContextManager[Executor]:
    """An executor to be used in a `with` block.

    Args:
        name: `local`, or `ray` for the cluster at `RAY_ADDRESS`, else for one that is started on this machine.
        workers: how many processes.
        rows: how many are wanted at once; for many, processes start while the first records are still looked for.

    Raises:
        ShoptuneError: Ray is wanted and not installed.
    """
    return _Ray(workers) if name == "ray" else _Local(workers, rows)


class _Local(AbstractContextManager["Executor"]):
    """A pool of processes that is started when there is work for more than one."""

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

    def map(self, render: Render, batches: Iterable[pa.RecordBatch]) -> Iterator[Rendered]:
        stream = iter(batches)
        first, second = next(stream, None), next(stream, None)
        if first is None:
            return
        if second is None or self._workers == 1:
            yield render(first)
            yield from map(render, _chain(second, stream))
            return
        pool = self._started()
        yield from _in_order(
            (pool.submit(render, batch) for batch in _chain(first, _chain(second, stream))),
            self._workers * _AHEAD,
            result=lambda future: future.result(),
            cancel=lambda future: future.cancel(),
        )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked from this process, in which DuckDB's threads run, but from one that has loaded what they need.
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["shoptune.data.render.batch"])
            self._pool = ProcessPoolExecutor(self._workers, context, initializer=tune_garbage_collection)
        return self._pool


class _Ray(AbstractContextManager["Executor"]):
    """Ray tasks, one a batch."""

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

    def map(self, render: Render, batches: Iterable[pa.RecordBatch]) -> Iterator[Rendered]:
        import ray

        task = ray.remote(num_cpus=1)(_call)
        shared = ray.put(render)
        ahead = max(self._workers, int(ray.cluster_resources().get("CPU", 1))) * _AHEAD
        work = (task.remote(shared, batch) for batch in batches)
        yield from _in_order(work, ahead, result=ray.get, cancel=ray.cancel)


def _call(render: Render, batch: pa.RecordBatch) -> Rendered:
    return render(batch)


def _in_order(
    work: Iterator[Any], ahead: int, *, result: Callable[[Any], Rendered], cancel: Callable[[Any], object]
) -> Iterator[Rendered]:
    """Results in order of submission, with `ahead` pieces of work submitted before the first is waited for.

    When no more results are wanted, work that has not begun is called off.
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
