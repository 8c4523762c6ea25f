"""Work on batches in this process and in a pool: results are in order, and batches are not read ahead of need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from shoptune.data.executor import executor
from tests.processes import end, runs

_BATCHES = 40


def _number_and_process(batch: pa.RecordBatch) -> Any:
    return batch.column("number")[0].as_py(), os.getpid()


def _batches(read: list[int]) -> Iterator[pa.RecordBatch]:
    """Batches of one number each; `read` lists those that were requested."""
    for number in range(_BATCHES):
        read.append(number)
        yield pa.record_batch({"number": [number]})


@pytest.mark.parametrize(("workers", "furthest"), [(1, 2), (2, 5)])
def test_results_come_in_order_and_batches_are_read_as_needed(workers: int, furthest: int) -> None:
    read: list[int] = []
    numbers, processes, ahead = [], set(), []
    with executor("local", workers) as pool:
        for result in pool.map(_number_and_process, _batches(read)):  # type: ignore[arg-type]
            number, process = result  # type: ignore[misc]
            ahead.append(len(read) - len(numbers))
            numbers.append(number)
            processes.add(process)
    assert numbers == list(range(_BATCHES))
    assert max(ahead) <= furthest
    assert (os.getpid() in processes) is (workers == 1)


def test_a_caller_that_stops_early_leaves_the_rest_unread() -> None:
    read: list[int] = []
    with executor("local", 2) as pool:
        results = pool.map(_number_and_process, _batches(read))
        first, _ = next(results)  # type: ignore[misc]
        results.close()  # type: ignore[attr-defined]
    assert first == 0
    assert len(read) <= 5


# Two processes say which they are; the first stays at work, the second waits for more.
_POOL = """
from shoptune.data.executor import executor
say = "print(__import__('os').getpid(), flush=True)"
with executor("local", 2) as pool:
    list(pool.map(eval, [say + " or __import__('time').sleep(60)", say]))
"""


def test_the_processes_of_a_killed_run_end_at_work_or_not() -> None:
    with subprocess.Popen([sys.executable, "-c", _POOL], stdout=subprocess.PIPE, text=True) as main:
        assert main.stdout
        workers = [int(main.stdout.readline()) for _ in range(2)]
        assert len(set(workers)) == 2
        assert all(map(runs, workers))
        main.send_signal(signal.SIGKILL)
    assert end(workers, seconds=20)
