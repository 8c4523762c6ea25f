"""`shoptune data`: build rows, and inspect recipes and rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Config, Engine, Force, Out, Set

Recipes = Annotated[
    Path | None,
    typer.Option("--recipes", metavar="DIR", help="folder of the recipes; default: the mixture's folder or its parent"),
]

Teacher = Annotated[
    list[Path],
    typer.Option("--teacher", metavar="DIR", help="a table written by `shoptune teach` (repeatable)"),
]

app = typer.Typer(
    help="Turn raw data files into ShopBench rows.\n\n"
    "Example: shoptune data build data_recipes/mixtures/demo-a.yaml --raw examples/raw --out runs/demo/data-a",
    no_args_is_help=True,
)


@app.command("build")
def data_build(
    mixture: Config,
    out: Out,
    raw: Annotated[
        Path | None, typer.Option("--raw", metavar="DIR", help="raw files as downloaded, one folder per source")
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR", help="tables written by `shoptune data ingest`")
    ] = None,
    recipes: Recipes = None,
    teacher: Teacher = [],  # noqa: B006 - typer copies it
    engine: Engine = "local",
    overrides: Set = [],  # noqa: B006 - typer copies it
    force: Force = False,
) -> None:
    """Build the rows of a mixture.

    Example: shoptune data build data_recipes/mixtures/demo-a.yaml --raw examples/raw --out runs/demo/data-a
    """
    from shoptune.config.shipped import find_config
    from shoptune.data.stage import DATA, Arguments
    from shoptune.stage import execute

    raw = raw and find_config(raw)
    execute(DATA, Arguments(mixture, raw, overrides, tables, engine, recipes, teacher), out, force=force)


@app.command("ingest")
def data_ingest(
    raw: Annotated[Path, typer.Option("--raw", metavar="DIR", help="raw files as downloaded, one folder per source")],
    out: Out,
    source: Annotated[
        list[str], typer.Option("--source", metavar="NAME", help="a source to ingest (repeatable); default: all")
    ] = [],  # noqa: B006 - typer copies it
    engine: Engine = "local",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="number of processes; default: one per core")
    ] = None,
    memory: Annotated[float, typer.Option("--memory-gb", min=0.2, help="DuckDB memory limit per process, in GB")] = 1.2,
    force: Force = False,
) -> None:
    """Convert raw files to Parquet tables. Any number of mixtures can be built from them.

    Example: shoptune data ingest --raw examples/raw --out runs/demo/tables
    """
    from shoptune.config.shipped import find_config
    from shoptune.data.ingest_stage import INGEST, Arguments
    from shoptune.stage import execute

    execute(INGEST, Arguments(find_config(raw), source, engine, workers, memory), out, force=force)


@app.command("tasks")
def data_tasks(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    recipes: Annotated[
        Path | None, typer.Option("--recipes", metavar="DIR", help="the recipes' folder; by default data_recipes")
    ] = None,
) -> None:
    """List every task of every recipe.

    Example: shoptune data tasks --json
    """
    from shoptune.config.shipped import find_config
    from shoptune.data.listing import print_tasks

    print_tasks(recipes or find_config(Path("data_recipes")), as_json=as_json)


@app.command("preview")
def data_preview(
    recipe: Config,
    task: Annotated[str, typer.Option("--task", metavar="NAME", help="the task to show")],
    raw: Annotated[Path, typer.Option("--raw", metavar="DIR", help="raw files, one folder per source")] = Path(
        "examples/raw"
    ),
    teacher: Teacher = [],  # noqa: B006 - typer copies it
    rows: Annotated[int, typer.Option("--rows", help="number of rows to show")] = 3,
) -> None:
    """Show a few rows of one task. They are rendered as the model will see them.

    Example: shoptune data preview data_recipes/esci.yaml --task esci_query_product_ranking
    """
    from shoptune.config.shipped import find_config
    from shoptune.data.listing import print_preview

    print_preview(recipe, task, find_config(raw), rows, teacher)


@app.command("stats")
def data_stats(
    rows: Annotated[Path, typer.Argument(metavar="DIR", help="folder written by `shoptune data build`")],
) -> None:
    """Count the rows of an artifact per task. Also counts the rows that were dropped, by reason.

    Example: shoptune data stats runs/demo/data-a
    """
    from shoptune.data.listing import print_stats

    print_stats(rows)


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    parent.add_typer(app, name="data")
