"""The effects of a teacher's tables on a build: phrasings, absent tasks, and statistics about its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shoptune.data.build_result import Rows
from shoptune.data.mixture import Plan
from shoptune.data.recipe import Task
from shoptune.data.tables.teacher import PHRASINGS, TeacherTable, TeacherTables, tables_read
from shoptune.errors import Problem, ShoptuneError, fail
from shoptune.runtime.progress import say
from shoptune.shopbench.provenance import PROVENANCE, Provenance


def with_phrasings(tasks: Mapping[str, Task], teacher: TeacherTables) -> dict[str, Task]:
    """Append the phrasings that a teacher wrote to those of the tasks.

    Raises:
        ShoptuneError: a phrasing is not a valid template.
    """
    extended = dict(tasks)
    table = teacher.tables.get(PHRASINGS)
    for record in table.records() if table else ():
        name, text, language = record["task"], record["phrasing"], record["language"]
        if name not in extended:
            continue
        task = extended[name]
        recipe = task.recipe
        if text in recipe.phrasings:
            continue
        _refuse_malformed(text, name, table)
        if language in (None, recipe.language):
            recipe = recipe.model_copy(update={"prompts": (*recipe.prompts, text)})
        else:
            known = recipe.translations.get(language, ())
            recipe = recipe.model_copy(update={"translations": {**recipe.translations, language: (*known, text)}})
        answer = Provenance(*(record[column] for column in PROVENANCE))
        extended[name] = replace(task, recipe=recipe, written={**task.written, text: answer})
    return extended


def without_missing_tables(plan: Plan, teacher: TeacherTables, overrides: Sequence[str]) -> dict[str, Task]:
    """Leave out the tasks that read a table which the teacher has not written, and report them.

    Args:
        plan: the mixture.
        teacher: the teacher's tables.
        overrides: `key.path=value` texts; a task that they name is not left out.

    Raises:
        ShoptuneError: an override names such a task.
    """
    missing = absent_tables(plan.tasks, teacher)
    named = [name for name in missing if any(text.startswith((f"tasks.{name}=", "tasks=")) for text in overrides)]
    if named:
        remedy = "pass --teacher DIR, a folder written by `shoptune teach`, and add the table to `teacher`"
        raise ShoptuneError(
            Problem(plan.file, f"tasks.{name}", f"needs the teacher's table {', '.join(missing[name])}", remedy)
            for name in named
        )
    if missing:
        tables = sorted({table for names in missing.values() for table in names})
        what = f"no teacher's table {', '.join(tables)}, so {len(missing)} of {len(plan.tasks)} tasks are absent"
        say(f"data: {what}: {', '.join(missing)}")
    return {name: task for name, task in plan.tasks.items() if name not in missing}


def absent_tables(tasks: Mapping[str, Task], teacher: TeacherTables) -> dict[str, list[str]]:
    """By task, the tables that its query reads and that the teacher has not written; tasks with all are left out."""
    missing = {name: teacher.lacks(tables_read(task.recipe.records, task.views)) for name, task in tasks.items()}
    return {name: tables for name, tables in missing.items() if tables}


def teaching(rows: Rows, tasks: Mapping[str, Task], teacher: TeacherTables) -> dict[str, Any]:
    """The statistics about rows made with a teacher's answers; empty if the build has nothing to do with a teacher.

    Returns:
        `absent_tables`, the tables that are missing, by task; `teacher`, with the number of `rows` that a teacher's
        answers went into, their `share`, and for each of the `tables` its name, licence terms, and rows by model.
    """
    found: dict[str, Any] = {}
    if missing := absent_tables(tasks, teacher):
        found["absent_tables"] = missing
    if teacher.tables:
        made = _made(rows)
        count = sum(made.values())
        tables = [_table(table, made) for table in teacher.tables.values()]
        found["teacher"] = {"rows": count, "share": round(count / max(1, len(rows)), 4), "tables": tables}
    return found


def _made(rows: Rows) -> dict[tuple[str, str], int]:
    """The number of rows by teacher's model and version of the prompt."""
    counted = rows.table().group_by(list(PROVENANCE[:2])).aggregate([([], "count_all")]).to_pylist()
    model, version = PROVENANCE[:2]
    return {(entry[model], entry[version]): entry["count_all"] for entry in counted if entry[model] is not None}


def _table(table: TeacherTable, made: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Facts about one table, with the number of rows that each pair of model and prompt went into."""
    model, version = PROVENANCE[:2]
    return {
        "name": table.name,
        "licence": table.licence,
        "answers": [
            {**answered, "rows": made.get((answered[model], answered[version]), 0)}
            for answered in table.distinct([model, version])
        ],
    }


def _refuse_malformed(text: str, task: str, table: TeacherTable | None) -> None:
    from jinja2 import TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    try:
        ImmutableSandboxedEnvironment().parse(text)
    except TemplateSyntaxError as error:
        where = f"phrasing of {task}"
        raise fail(table.file if table else "", where, f"is not a valid template: {error}", "remove the row") from error
