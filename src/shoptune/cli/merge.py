"""`shoptune merge`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoptune.cli.options import Config, Force, Out, Set


def merge(
    file: Config,
    out: Out,
    overrides: Set = [],  # noqa: B006 - typer copies it
    as_adapter: Annotated[
        bool, typer.Option("--as-adapter", help="write a PEFT adapter instead of a checkpoint")
    ] = False,
    rank: Annotated[int | None, typer.Option("--rank", min=1, help="compress the merged adapter to this rank")] = None,
    force: Force = False,
) -> None:
    """Merge adapters into their base model. With --as-adapter, merge them into a single adapter instead.

    Example: shoptune merge merge/demo.yaml --out runs/demo/merged --set wise_ft_alpha=0.75
    """
    from shoptune.merge.stage import MERGE, Arguments, Form
    from shoptune.plan.checks import check_merge, with_checks
    from shoptune.stage import execute

    execute(
        with_checks(MERGE, check_merge),
        Arguments(file, overrides, Form(as_adapter or rank is not None, rank)),
        out,
        force=force,
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(merge)
