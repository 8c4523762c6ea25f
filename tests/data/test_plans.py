"""Queries are meant for millions of rows: none compares all rows of a table with all of another.

A nested loop or a cross product is right when one side is bounded: a single row (an aggregate), or a list that is part
of the query. The plan itself says so; nothing here depends on how a condition is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoptune.data.recipe import load_tasks
from shoptune.data.tables.database import Database

ROOT = Path(__file__).parents[2]
TASKS = load_tasks(ROOT / "data_recipes")
_ALL_PAIRS = {
    "NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "PIECEWISE_MERGE_JOIN", "IE_JOIN", "CROSS_PRODUCT",
}  # fmt: skip
# At most as many rows as the query itself lists, whatever is below them.
_FEW_ROWS = {"UNGROUPED_AGGREGATE", "COLUMN_DATA_SCAN", "DUMMY_SCAN", "RANGE", "TOP_N"}
# No more rows than all their inputs give together or multiplied.
_AS_MANY_AS_BELOW = {
    "PROJECTION", "FILTER", "HASH_GROUP_BY", "ORDER_BY", "WINDOW", "UNION", "UNNEST", "CROSS_PRODUCT",
}  # fmt: skip
# Columns of names that grow with a language and not with the data: their distinct values are few.
_NAMES = {"aspect"}

Operator = dict[str, Any]


@pytest.mark.parametrize("name", TASKS)
def test_no_query_compares_all_rows_with_all(name: str, shop: Database) -> None:
    assert _unbounded(shop, TASKS[name].recipe.records) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM m2_products a, m2_products b WHERE a.price < b.price",
        "SELECT * FROM m2_products a, m2_products b",
        "SELECT * FROM m2_products a, (SELECT DISTINCT brand FROM m2_products) b WHERE contains(a.title, b.brand)",
        "WITH drawn AS MATERIALIZED (SELECT * FROM m2_products WHERE price > 1) SELECT * FROM drawn a, drawn b",
    ],
)
def test_a_query_that_does_is_found(query: str, shop: Database) -> None:
    assert _unbounded(shop, query)


def test_one_row_and_listed_values_are_bounded(shop: Database) -> None:
    query = """
        SELECT * FROM m2_products, (SELECT avg(price) AS mean FROM m2_products), range(8),
                      (VALUES ('red'), ('blue')) listed(c)
        WHERE price > mean AND contains(title, c)"""
    assert _unbounded(shop, query) == []


def _unbounded(database: Database, query: str) -> list[str]:
    """The joins of all pairs of rows in a query's plan, none of whose sides is bounded."""
    explained = database.connection.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
    operators = list(_operators(json.loads(explained[0][1])))
    bodies = {
        operator["extra_info"]["Table Index"]: operator["children"][0]
        for operator in operators
        if operator["name"].strip() == "CTE"
    }
    return [
        f"{operator['name']} {operator['extra_info']}"
        for operator in operators
        if operator["name"].strip() in _ALL_PAIRS and not any(_bounded(side, bodies) for side in operator["children"])
    ]


def _bounded(operator: Operator, bodies: dict[str, Operator]) -> bool:
    """Whether an operator's number of rows stays the same when the tables grow."""
    name, children = operator["name"].strip(), operator["children"]
    if name == "CTE":  # its second input reads from its first
        return _bounded(children[1], bodies)
    if name == "CTE_SCAN":
        return _bounded(bodies[operator["extra_info"]["CTE Index"]], bodies)
    if name == "HASH_GROUP_BY" and _columns_read(operator) <= _NAMES:
        return True
    return name in _FEW_ROWS or (name in _AS_MANY_AS_BELOW and all(_bounded(child, bodies) for child in children))


def _columns_read(operator: Operator) -> set[str]:
    """The columns that the scans below an operator read; all of those scans are of files or stored tables."""
    columns: set[str] = set()
    for below in _operators([operator]):
        if not below["children"]:
            read = below["extra_info"].get("Projections", "anything")
            columns |= {read} if isinstance(read, str) else set(read)
    return columns


def _operators(operators: list[Operator]) -> Iterator[Operator]:
    for operator in operators:
        yield operator
        yield from _operators(operator["children"])
