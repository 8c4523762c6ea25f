"""DuckDB's memory limit: small at first, larger if a query needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from shoptune.runtime.machine import total_memory
from shoptune.runtime.progress import say

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")

_MOST_OF_MACHINE = 0.5


class MemoryLimit:
    """DuckDB's memory limit.

    Most operators spill to disk when memory is full, but the lists that a query gathers must fit into memory.

    Args:
        connection: the connection to limit.
        gigabytes: the limit at first, in units of 10^9 bytes.
        processes: the number of processes that share the machine's memory.
    """

    def __init__(self, connection: DuckDBPyConnection, gigabytes: float, processes: int = 1) -> None:
        self._connection, self._gigabytes = connection, gigabytes
        self._share = _MOST_OF_MACHINE / processes
        self._set(gigabytes)

    def run(self, name: str, work: Callable[[], T]) -> T:
        """Run some work; while it runs out of memory, double the limit, up to half of the machine's memory.

        Args:
            name: what to call the work.
            work: does it; called again from the start after the limit has grown.

        Raises:
            duckdb.OutOfMemoryException: half of the machine's memory is not enough.
        """
        import duckdb

        while True:
            try:
                return work()
            except duckdb.OutOfMemoryException:
                most = self._share * total_memory() / 1e9
                if self._gigabytes >= most:
                    raise
                larger = min(most, 2 * self._gigabytes)
                say(f"data: {name} ran out of {self._gigabytes:.2g} GB of memory; trying again with {larger:.2g} GB")
                self._set(larger)

    def _set(self, gigabytes: float) -> None:
        self._gigabytes = gigabytes
        self._connection.execute(f"SET memory_limit = '{gigabytes}GB'")
