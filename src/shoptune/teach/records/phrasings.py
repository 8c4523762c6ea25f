"""The view `phrasings`: each task of the data recipes with its seed phrasings, and records to try new ones on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from shoptune.data.recipe import Task
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.data.tables.database import Database, records
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question

if TYPE_CHECKING:
    import pyarrow as pa

_TRIED, _SAMPLES = 40, 3  # records of a task to look at, and to keep
_LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "ja": "Japanese"}


def create_phrasings_view(database: Database, tasks: Sequence[Task]) -> None:
    """Create the view `phrasings`: one record per task and language.

    Columns: `task`, `language` (a code) and `language_name`; `kind`, the task type; `seeds`, the phrasings; `example`,
    a question and its answer; `recipe`, the task as JSON; `samples`, a JSON list of records. Tasks without records are
    left out.

    Args:
        database: has the tables of the tasks' sources.
        tasks: the tasks of the data recipes.
    """
    found = [record for task in tasks for record in _of_task(database, task)]
    import pyarrow as pa

    database.connection.register("phrasings", pa.Table.from_pylist(found, schema=_schema()))


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = ("task", "language", "language_name", "kind", "example", "recipe", "samples")
    return pa.schema([*((name, pa.string()) for name in texts), ("seeds", pa.list_(pa.string()))])


def _of_task(database: Database, task: Task) -> Iterator[Mapping[str, Any]]:
    found = [record for batch in records(database, task, 0, _TRIED) for record in batch.to_pylist()]
    seeds_of = {task.recipe.language: task.recipe.prompts, **task.recipe.translations}
    for language, seeds in seeds_of.items():
        recipe = task.recipe.model_copy(update={"prompts": seeds, "translations": {}, "records": ""})
        own = [record for record in found if record.get("language", language) == language]
        tried = [{**record, "language": language} for record in own or found]
        samples = list(_samples(replace(task, recipe=recipe), tried))
        if not samples:
            continue
        first = samples[0][1]
        yield {
            "task": recipe.name,
            "language": language,
            "language_name": _LANGUAGES.get(language, language),
            "kind": recipe.kind.value,
            "example": first.input_field + answer_text(first.task_type, first.output_field),
            "recipe": recipe.model_copy(update={"prompts": seeds[:1]}).model_dump_json(),
            "samples": json.dumps([record for record, _ in samples], default=_plain, ensure_ascii=False),
            "seeds": list(dict.fromkeys(seeds)),
        }


def _samples(task: Task, found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Question]]:
    renderer = Renderer(task, seed=0)
    count = 0
    for record in found:
        try:
            yield record, renderer.row(record).question
        except RecordError:
            continue
        count += 1
        if count == _SAMPLES:
            return


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)
