"""From a record to a row: arrange it, phrase it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shoptune.data.parsing.product_types import plural
from shoptune.data.recipe import Task
from shoptune.data.render.cleaning import clean
from shoptune.data.render.kinds import arrange
from shoptune.data.render.record_schema import RecordError
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.provenance import PROVENANCE, Provenance
from shoptune.shopbench.questions import Question
from shoptune.shopbench.rows import Row
from shoptune.shopbench.vocabulary import TaskType

# Columns that say what a record is about; rows of different tasks that share a value are of one group.
_ABOUT = ("query", "first_query", "title", "review", "text", "concept", "question", "description", "instruction")


class Renderer:
    """Renders the records of one task."""

    def __init__(self, task: Task, seed: int) -> None:
        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=True, finalize=_not_none
        )
        environment.filters["plural"] = plural
        self._task, self._seed = task, seed
        self._templates: dict[str, Template] = {
            prompt: environment.from_string(prompt) for prompt in task.recipe.phrasings
        }

    def row(self, record: Mapping[str, Any]) -> Row:
        """Make a row; random choices depend on the seed and the record's key alone.

        A record's columns `teacher_model`, `prompt_version` and `answer_digest` become those of the row. A column
        `rationale` is the text to learn to write: reasoning that ends with the answer.

        Raises:
            RecordError: no row can be made of this record; the message says why.
        """
        recipe = self._task.recipe
        cleaned = {column: clean(value) for column, value in record.items()}
        rng = random.Random(f"{self._seed}/{recipe.name}/{record['key']}")
        arranged = arrange(recipe.kind, cleaned, recipe.options, rng)
        if recipe.answers and isinstance(arranged.reference, list) and len(arranged.reference) != recipe.answers:
            raise RecordError("not as many answers as the prompts ask for")
        language = str(cleaned.get("language") or recipe.language)
        prompt = rng.choice([*recipe.prompts, *recipe.translations.get(language, ())])
        try:
            text = self._templates[prompt].render({**cleaned, **arranged.variables})
        except UndefinedError as error:
            raise RecordError(f"prompt: {error}") from error
        question = Question(
            input_field=text,
            output_field=arranged.reference,
            task_type=recipe.kind,
            task_name=recipe.name,
            metric=recipe.metric,
            is_multiple_choice=recipe.kind is TaskType.MULTIPLE_CHOICE,
            track=recipe.track,
        )
        target = _target(cleaned.get("rationale"), answer_text(recipe.kind, arranged.reference))
        provenance = _provenance(record) or self._task.written.get(prompt)
        return Row(question, self._task.source, language, _group(cleaned), target, provenance)


def _target(rationale: object, answer: str) -> str | None:
    """Return the text to learn to write, or None if it is the answer alone."""
    if rationale is None:
        return None
    text = str(rationale)
    if not text.endswith(answer) or text[: -len(answer)][-1:].isalnum():
        raise RecordError("rationale: it does not end with the answer")
    return text


def _provenance(record: Mapping[str, Any]) -> Provenance | None:
    """Return the teacher's answer that a record was selected with, if its query says so."""
    model, version, digest = (record.get(name) for name in PROVENANCE)
    return Provenance(str(model), str(version), digest and str(digest)) if model else None


def _group(record: Mapping[str, Any]) -> str:
    """Return a record's subject: the first available of its query, product title and text, or else its key."""
    about = next((record[column] for column in _ABOUT if record.get(column)), record["key"])
    return " ".join(str(about).casefold().split())


def _not_none(value: object) -> object:
    """Reject a record whose prompt would say `None`."""
    if value is None:
        raise RecordError("prompt: a value that it shows is missing")
    return value
