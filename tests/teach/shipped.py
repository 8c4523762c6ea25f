"""The teacher recipes that ship with shoptune."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shoptune.config import load
from shoptune.teach.config import TeacherRecipe

FOLDER = Path(__file__).parents[2] / "data_recipes" / "teacher"
RECIPES = {file.stem: load(file, TeacherRecipe) for file in sorted(FOLDER.glob("*.yaml"))}


def examples(recipe: TeacherRecipe) -> Iterator[dict[str, Any]]:
    """The answers that a recipe's prompt shows as examples."""
    for line in recipe.prompt.splitlines():
        if line.startswith('{"'):
            yield json.loads(line)
