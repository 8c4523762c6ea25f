"""The tasks of the data recipes with their seed phrasings, and records to try new phrasings on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from shoptune.data.recipe import Task, load_tasks
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.data.tables.database import Database, Querying, connect, records
from shoptune.data.tables.source_tables import SourceTables
from shoptune.data.tables.teacher import tables_read
from shoptune.data.tables.views import attach, materialize, shared_views
from shoptune.errors import fail
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.questions import Question
from shoptune.teach.views import Sources

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_TRIED, _SAMPLES = 40, 3  # records of a task to look at, and to keep
_LANGUAGES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "ja": "Japanese"}
_TEXTS = ("task", "language", "language_name", "kind", "example", "recipe", "samples")


def create(connection: DuckDBPyConnection, sources: Sources) -> None:
    """Create `phrasings`: one record per task and language.

    Its columns are `task`, `language` (a code) and `language_name`; `kind`, the task type; `seeds`, the phrasings;
    `example`, a question with its answer; `recipe`, the task as JSON; `samples`, a JSON list of records of the task.
    Tasks whose sources are not ingested, or give no record, are left out.

    Raises:
        ShoptuneError: no source of a task is ingested, or a query of a data recipe fails.
    """
    found = _phrasings(tuple(sources.folders), sources.recipes)
    connection.register("found", found)
    connection.execute("CREATE TABLE phrasings AS FROM found")
    connection.unregister("found")


@lru_cache(maxsize=1)  # a run connects twice: to check the query, and to read the records
def _phrasings(folders: Sequence[Path], recipes: Path) -> pa.Table:
    import pyarrow as pa

    ingested = {file.parent.name: file.parent for folder in folders for file in folder.glob("*/tables.json")}
    tasks = [task for task in load_tasks(recipes).values() if _is_answerable(task, ingested)]
    if not tasks:
        remedy = "pass an artifact of `shoptune data ingest` with --tables"
        raise fail("--tables", "", "the query reads `phrasings`, but no source of a task is ingested", remedy)
    tables = {source: SourceTables.load(ingested[source]) for source in sorted({task.source for task in tasks})}
    with TemporaryDirectory() as name:
        scratch = Path(name)
        database = connect(tasks, tables, Querying(scratch))
        try:
            for views in shared_views(tasks):
                for view in views:
                    materialize(database, scratch, tasks, view)
                attach(database, scratch)
            rows = [record for task in tasks for record in _of_task(database, task)]
        finally:
            database.connection.close()
    fields = [*((column, pa.string()) for column in _TEXTS), ("seeds", pa.list_(pa.string()))]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def _is_answerable(task: Task, ingested: Mapping[str, Path]) -> bool:
    """Whether all tables that a task reads are there."""
    return task.source in ingested and not tables_read(task.recipe.records, task.views)


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
