"""`shoptune teach`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Config, Force, Out, Set


def teach(
    file: Config,
    out: Out,
    tables: Annotated[
        list[Path],
        typer.Option(
            "--tables", metavar="DIR", help="an artifact of `shoptune data ingest` or `data build` (repeatable)"
        ),
    ] = [],  # noqa: B006 - typer copies it
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="DIR", help="the teacher: a folder, a Hub id, or an endpoint's name"),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="ask only about this many records")] = None,
    local_only: Annotated[
        bool, typer.Option("--local-only", help="refuse a backend that sends prompts to another machine")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="DIR", help="folder of saved answers; default: the user's cache")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option("--tokenizer", metavar="DIR", help="count an endpoint's tokens for --dry-run with this tokenizer"),
    ] = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    force: Force = False,
) -> None:
    """Let a larger model write a table of facts or texts about records. Answers are saved, and never asked for twice.

    Example: shoptune teach data_recipes/teacher/product_types.yaml --tables DIR --model DIR --out DIR
    """
    from shoptune.stage import execute, is_preview
    from shoptune.teach.stage import TEACH, Arguments, Options, print_estimate

    arguments = Arguments(file, tables, model, Options(limit, cache, local_only), overrides)
    execute(TEACH, arguments, out, force=force)
    if is_preview():
        print_estimate(arguments, tokenizer)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(teach)
