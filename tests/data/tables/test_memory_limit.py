"""DuckDB's memory limit grows if a query needs it, up to half of the machine's memory."""

from __future__ import annotations

import duckdb
import pytest

from shoptune.data.tables import memory_limit
from shoptune.data.tables.memory_limit import MemoryLimit

GATHER = "SELECT len(list(r)) FROM range({}) s(r)"  # a list is in memory as a whole


def test_a_query_that_gathers_a_list_gets_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    connection = duckdb.connect()
    memory, query = MemoryLimit(connection, 0.05), GATHER.format(5_000_000)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(query)
    assert memory.run("gathering", lambda: connection.execute(query).fetchall()) == [(5_000_000,)]
    assert capsys.readouterr().err.splitlines() == [
        "data: gathering ran out of 0.05 GB of memory; trying again with 0.1 GB",
        "data: gathering ran out of 0.1 GB of memory; trying again with 0.2 GB",
    ]


def test_there_is_an_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(memory_limit, "total_memory", lambda: 300_000_000)
    connection = duckdb.connect()
    with pytest.raises(duckdb.OutOfMemoryException):
        MemoryLimit(connection, 0.05).run("gathering", lambda: connection.execute(GATHER.format(20_000_000)).fetchall())
    printed = capsys.readouterr().err.splitlines()
    assert [line.split()[-2] for line in printed] == ["0.1", "0.15"]


def test_other_errors_are_not_tried_again() -> None:
    calls = []

    def work() -> None:
        calls.append(1)
        raise duckdb.ParserException("no")

    with pytest.raises(duckdb.ParserException):
        MemoryLimit(duckdb.connect(), 1.0).run("nonsense", work)
    assert len(calls) == 1
