"""Queries are meant for millions of rows: none compares all rows of a table with all of another."""

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
_NESTED = {"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "PIECEWISE_MERGE_JOIN", "IE_JOIN"}
# Against one row (a sample's share, a list of types) or a short list (the lexicon, materials) a nested loop is right.
_SMALL = (
    "share",
    "% CAST(SUBQUERY AS HUGEINT)) = 0)",
    "list_has_any(stems, hints)) AND (NOT list_contains(families, family))",
    "count_star() <=",
    "contains(lower(title), other)",
    "contains(material, other)",
)


@pytest.mark.parametrize("name", TASKS)
def test_joins_are_by_hash(name: str, shop: Database) -> None:
    explained = shop.connection.execute(f"EXPLAIN (FORMAT json) {TASKS[name].recipe.records}").fetchall()
    operators = _operators(json.loads(explained[0][1]))
    nested = [str(operator["extra_info"]) for operator in operators if operator["name"].strip() in _NESTED]
    assert not [condition for condition in nested if not any(small in condition for small in _SMALL)]


def _operators(operators: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for operator in operators:
        yield operator
        yield from _operators(operator["children"])
