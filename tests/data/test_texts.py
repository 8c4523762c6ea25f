"""The checks of texts keep the recipes' own rows: they know the languages of every task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from shoptune.data.filters.candidates import Checks
from shoptune.data.filters.length import LengthLimit
from shoptune.data.mixture import Mixture, Plan
from shoptune.data.recipe import load_tasks
from shoptune.data.render.batch import Rendered
from shoptune.shopbench.rows import Row

ROOT = Path(__file__).parents[2]
TASKS = load_tasks(ROOT / "data_recipes")
ENGLISH_ANSWERS = {"esci_bullet_generation"}  # the shop's bullet points are in English in every locale


@pytest.fixture(scope="module")
def checks() -> Checks:
    plan = Plan(ROOT, Mixture(tasks={"any": 1}, near_duplicates=None, near_duplicates_across_tasks=None), {})
    return Checks.of(plan, TASKS.values(), LengthLimit(20_000))


@pytest.mark.parametrize("name", TASKS)
def test_no_row_of_the_shop_is_dropped_for_its_text(
    name: str, rows_of: Callable[[str], list[Row]], checks: Checks
) -> None:
    rows = [row for row in rows_of(name) if name not in ENGLISH_ANSWERS or row.language == "en"]
    found = checks.examine(Rendered(rows, []), TASKS[name].recipe).reasons
    assert [(reason, row.question.input_field) for row, reason in zip(rows, found, strict=True) if reason] == []
