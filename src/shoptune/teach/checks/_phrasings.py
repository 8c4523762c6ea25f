"""Phrasings as templates: their tags, their wording, and the questions that they make of records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from shoptune.data.recipe import Task, TaskRecipe
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.shopbench.questions import Question
from shoptune.teach.check import FieldCheck, Record

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class SeedCheck(FieldCheck):
    """Base class for checks that compare a phrasing with the seed phrasings.

    Attributes:
        seeds: the column of the record with the list of seed phrasings.
    """

    seeds: str = "seeds"

    @property
    def record_columns(self) -> Sequence[str]:
        """The seed phrasings."""
        return (self.seeds,)


def tags(template: str) -> list[str]:
    """The tags of a template, with single blanks inside."""
    return [" ".join(tag.replace("{{", "{{ ").replace("}}", " }}").split()) for tag in _TAG.findall(template)]


def wording(template: str) -> str:
    """A template without its tags."""
    return _TAG.sub(" ", template)


def last_line(template: str) -> str:
    """The line that a template ends with and its line break, such as `Answer: `; empty if it consists of one line."""
    place = template.rstrip("\n").rfind("\n")
    return template[place:] if place >= 0 else ""


def questions(template: str, record: Record) -> list[Question]:
    """The questions that a phrasing makes of a task's sample records; none if the template fails.

    Args:
        template: the phrasing.
        record: one record of the view `phrasings`.
    """
    return list(_questions(template, str(record["recipe"]), str(record["language"]), str(record["samples"])))


@lru_cache(maxsize=512)  # several checks look at the same phrasing
def _questions(template: str, recipe: str, language: str, samples: str) -> Sequence[Question]:
    return tuple(_rendered(template, TaskRecipe.model_validate_json(recipe), language, json.loads(samples)))


def _rendered(template: str, recipe: TaskRecipe, language: str, samples: Sequence[Record]) -> Iterator[Question]:
    only = recipe.model_copy(update={"prompts": (template,), "translations": {}})
    renderer = Renderer(Task(only, "", {}, None, Path()), seed=0)
    for sample in samples:
        try:
            yield renderer.row({**sample, "language": language}).question
        except RecordError:
            continue
