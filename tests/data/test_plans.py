"""Queries must scale to millions of rows: none pairs all rows of two tables, or all rows of a category.

A nested loop or a cross product is right when one side is bounded: a single row (an aggregate), or a list that is part
of the query. The plan itself says so; nothing here depends on how a condition is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set
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
# At most as many rows as the query itself lists, for any operators below them.
_FEW_ROWS = {"UNGROUPED_AGGREGATE", "COLUMN_DATA_SCAN", "DUMMY_SCAN", "RANGE", "TOP_N"}
# No more rows than all their inputs give together or multiplied.
_AS_MANY_AS_BELOW = {
    "PROJECTION", "FILTER", "HASH_GROUP_BY", "ORDER_BY", "WINDOW", "UNION", "UNNEST", "CROSS_PRODUCT",
}  # fmt: skip
# Columns with few values, each of which a large share of the records has.
_COARSE = {
    "aspect", "attribute", "category", "family", "language", "locale", "other_language", "stars", "subject", "unit",
}  # fmt: skip
# Columns of names that grow with a language and not with the data: their distinct values are few.
_NAMES = {"aspect"}

VIEWS = {name: query for task in TASKS.values() for name, query in task.views.items()}

Operator = dict[str, Any]


@pytest.mark.parametrize("name", TASKS)
def test_no_query_compares_all_rows_with_all(name: str, shop: Database) -> None:
    assert _unbounded(shop, TASKS[name].recipe.records) == []


@pytest.mark.parametrize("name", VIEWS)
def test_no_view_compares_all_rows_with_all(name: str, shop: Database) -> None:
    assert _unbounded(shop, VIEWS[name]) == []


def test_a_join_of_all_records_of_a_category_is_found(shop: Database) -> None:
    # The category is the same in all three tables, so DuckDB may join the first with the last by the category alone.
    query = """
        SELECT * FROM review_keyphrases JOIN reviews USING (key, category)
                      JOIN reviews_products USING (parent_asin, category)
        WHERE product_type <> '' AND contains(review, phrase)"""
    assert _unbounded(shop, query)


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
    """The joins of all pairs of rows, of tables or of categories, in a query's plan, none of whose sides is bounded."""
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
        if (_pairs_all(operator) and not any(_bounded(side, bodies) for side in operator["children"]))
        or (_pairs_all_alike(operator) and not any(_grouped(side, bodies) for side in operator["children"]))
    ]


def _pairs_all(operator: Operator) -> bool:
    """Whether an operator pairs all rows of its sides."""
    return operator["name"].strip() in _ALL_PAIRS


def _pairs_all_alike(operator: Operator) -> bool:
    """Whether an operator pairs all rows of its sides that share the value of a column with few values."""
    if operator["name"].strip() != "HASH_JOIN" or operator["extra_info"]["Join Type"] in {"MARK", "SEMI", "ANTI"}:
        return False
    conditions = operator["extra_info"]["Conditions"]
    listed = [conditions] if isinstance(conditions, str) else conditions
    return all(_COARSE & set(condition.replace('"', "").split()) for condition in listed)


def _grouped(operator: Operator, bodies: dict[str, Operator]) -> bool:
    """Whether an operator gives one row of each group, as of each language, or a number of rows that does not grow."""
    return _bounded(operator, bodies, few_rows=_FEW_ROWS | {"HASH_GROUP_BY", "PERFECT_HASH_GROUP_BY"})


def _bounded(operator: Operator, bodies: dict[str, Operator], few_rows: Set[str] = _FEW_ROWS) -> bool:
    """Whether an operator's number of rows stays the same when the tables grow."""
    name, children = operator["name"].strip(), operator["children"]
    if name == "CTE":  # its second input reads from its first
        return _bounded(children[1], bodies, few_rows)
    if name == "CTE_SCAN":
        return _bounded(bodies[operator["extra_info"]["CTE Index"]], bodies, few_rows)
    if name == "HASH_GROUP_BY" and _columns_read(operator) <= _NAMES:
        return True
    return name in few_rows or (
        name in _AS_MANY_AS_BELOW and all(_bounded(child, bodies, few_rows) for child in children)
    )


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
