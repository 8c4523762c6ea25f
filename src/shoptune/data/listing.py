"""Look at recipes and rows in the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shoptune.checkpoints.checkpoint import read_json
from shoptune.data import sources
from shoptune.data.recipe import TEACHER, find_task, load_tasks
from shoptune.data.render.record_schema import RecordError
from shoptune.data.render.renderer import Renderer
from shoptune.data.tables.database import records
from shoptune.data.tables.raw_database import open_raw
from shoptune.data.tables.teacher import TeacherTable, TeacherTables
from shoptune.data.taught import absent_tables, with_phrasings
from shoptune.data.write.files import STATS
from shoptune.data.write.shortfalls import shortfall_lines
from shoptune.errors import fail
from shoptune.shopbench.chat import system_prompt
from shoptune.shopbench.rows import Row

_TRIED_FOR_ONE_ROW = 5
_READ_FOR_A_PREVIEW = 300_000  # records of a table
_WIDE = 150  # columns of a terminal that is wide enough for everything about a task
_NARROW_COLUMNS = ["name", "kind", "like"]


def print_tasks(recipes: Path, *, as_json: bool) -> None:
    """Print every task: its name, source, kind, metric, track, and the development task it is like.

    Raises:
        ShoptuneError: a recipe is malformed.
    """
    lines = [
        {
            "name": name,
            "source": task.source,
            "kind": task.recipe.kind.value,
            "metric": task.recipe.metric.value,
            "track": task.recipe.track.value,
            "like": task.recipe.like,
        }
        for name, task in load_tasks(recipes).items()
    ]
    console = Console()
    if as_json:
        console.print_json(json.dumps(lines))
        return
    columns = list(lines[0]) if console.width >= _WIDE else _NARROW_COLUMNS
    table = Table(*columns, box=None, header_style="bold")
    table.columns[0].overflow = "fold"
    for line in lines:
        cells = line | {"track": line["track"].removeprefix("amazon-kdd-cup-24-")}
        table.add_row(*(cells[column] for column in columns))
    console.print(table)
    rest = "" if len(columns) == len(lines[0]) else "; use --json or a wider terminal for all columns"
    console.print(f"{len(lines)} tasks{rest}")


def print_preview(recipe: Path, name: str, raw: Path, count: int, teacher: Sequence[Path] = ()) -> None:
    """Print rows of one task the way the model sees them, with the trained part in green.

    Only the beginning of large files is read.

    Args:
        recipe: the recipe.
        name: the task.
        raw: raw files, one folder per source.
        count: the number of rows.
        teacher: folders written by `shoptune teach`.

    Raises:
        ShoptuneError: the recipe has no such task, its source or a teacher's table is missing, or its query fails.
    """
    tasks = {task: entry for task, entry in load_tasks(recipe.parent).items() if entry.file.name == recipe.name}
    taught = TeacherTables.of(map(TeacherTable.load, teacher))
    task = with_phrasings({name: find_task(tasks, name, recipe, "--task")}, taught)[name]
    if missing := absent_tables({name: task}, taught):
        what = f"needs the teacher's table {', '.join(missing[name])}"
        raise fail(recipe, name, what, "pass --teacher DIR, a folder written by `shoptune teach`")
    folders = sources.folders([task], raw)
    if task.source not in {*folders, TEACHER}:
        raise fail(raw / task.source, "", "the source's folder is missing", "put its files there as downloaded")
    console, renderer, shown = Console(), Renderer(task, seed=0), 0
    with TemporaryDirectory() as scratch:
        database = open_raw([task], folders, Path(scratch), most=_READ_FOR_A_PREVIEW, teacher=taught)
        batches = records(database, task, seed=0, most=count * _TRIED_FOR_ONE_ROW)
        for record in (record for batch in batches for record in batch.to_pylist()):
            if shown == count:
                break
            try:
                row = renderer.row(record)
            except RecordError as error:
                console.print(f"[dim]record {record['key']} rejected: {error}[/dim]")
                continue
            shown += 1
            _print_row(console, f"{name} {shown}", row)
        database.connection.close()


def _print_row(console: Console, title: str, row: Row) -> None:
    console.rule(title)
    console.print(f"[dim]{escape(system_prompt(row.question.task_type))}[/dim]")
    console.print(escape(row.question.input_field), highlight=False)
    console.print(f"[bold green]{escape(row.chat[-1]['content'])}[/bold green]", highlight=False)


def print_stats(rows: Path) -> None:
    """Print how many rows an artifact holds and what was dropped.

    The column `word overlap` is what guessing the options that share most words with the question scores.

    Raises:
        ShoptuneError: the folder contains no statistics.
    """
    stats = read_json(rows / STATS, "choose an artifact of `shoptune data build`")
    console = Console()
    table = Table("task", box=None, header_style="bold")
    table.columns[0].overflow = "fold"
    for name in ("wanted", "made", "dropped", "word overlap"):
        table.add_column(name, justify="right", no_wrap=name != "word overlap", overflow="fold", min_width=7)
    overlap = stats.get("word_overlap", {})
    dropped = {task: sum(reasons.values()) for tasks in stats["drops"].values() for task, reasons in tasks.items()}
    for name, counts in stats["by_task"].items():
        table.add_row(
            name, str(counts["wanted"]), str(counts["made"]), str(dropped.get(name, 0)), _share(overlap.get(name))
        )
    console.print(table)
    for tasks in stats["drops"].values():
        for task, reasons in tasks.items():
            for reason, count in reasons.items():
                console.print(f"[dim]{task}: {count} x {reason}[/dim]")
    _print_filters(console, stats.get("filters", {}))
    for name, sample in stats["samples"].items():
        console.print(
            f"{name}: a sample of {sample['records']:,} of {sample['of']:,} records, with all of {sample['values']:,} "
            f"values of {sample['sample_by']} and {sample['pairs']:,} pairs of records that share one"
        )
    splits = ", ".join(f"{count} {split}" for split, count in stats["by_split"].items())
    console.print(f"{stats['rows']} rows: {splits}")
    shortfalls = stats.get("shortfalls", {})
    for line in shortfall_lines(shortfalls, len({*stats["by_task"], *shortfalls})):
        console.print(line, style="bold red", highlight=False, soft_wrap=True)
    _print_teacher(console, stats)


def _print_filters(console: Console, filters: Mapping[str, int | None]) -> None:
    """Print what each filter has dropped, by the mixture's key that turns it off."""
    if not filters:
        return
    table = Table("filter", box=None, header_style="bold")
    table.add_column("dropped", justify="right")
    for key, count in filters.items():
        table.add_row(key, "off" if count is None else str(count))
    console.print(table)


def _print_teacher(console: Console, stats: Mapping[str, Any]) -> None:
    """Print how many rows each table of a teacher went into, and the tasks whose table is missing."""
    if teacher := stats.get("teacher"):
        console.print(f"{teacher['rows']} rows ({teacher['share']:.1%}) were made with a teacher's answers")
        for table in teacher["tables"]:
            for answers in table["answers"]:
                model, rows = answers["teacher_model"], answers["rows"]
                console.print(f"  {table['name']}: {rows} rows with answers of {model}", highlight=False)
    for task, tables in stats.get("absent_tables", {}).items():
        console.print(f"absent: {task} needs the teacher's table {', '.join(tables)}", highlight=False)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
