"""The task type can be guessed from the text of every task's rows, as required in the challenge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from shoptune.data.recipe import load_tasks
from shoptune.shopbench.classify import task_type_of
from shoptune.shopbench.rows import Row

TASKS = load_tasks(Path(__file__).parents[2] / "data_recipes")


@pytest.mark.parametrize("name", TASKS)
def test_the_task_type_is_guessed_from_the_text(name: str, rows_of: Callable[[str], list[Row]]) -> None:
    questions = [row.question for row in rows_of(name)]
    guessed = Counter(
        task_type_of(question.input_field, is_multiple_choice=question.is_multiple_choice) for question in questions
    )
    assert guessed == {TASKS[name].recipe.kind: len(questions)}
