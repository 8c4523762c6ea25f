"""`shoptune plan`."""

from __future__ import annotations

import json
import shutil
from typing import Annotated, Literal

import typer

from shoptune.cli.options import Config, Set


def plan(
    file: Config,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="CONFIG.json", help="the model's config.json, its folder or hub id"),
    ] = None,
    machine: Annotated[
        str, typer.Option("--machine", metavar="NAME|FILE", help="a100x8, t4x4, here, or a YAML that describes one")
    ] = "here",
    track: Annotated[
        int | None, typer.Option("--track", min=1, max=5, help="check this track's time limit as well")
    ] = None,
    weights: Annotated[
        Literal["awq", "unquantized"] | None, typer.Option("--weights", help="what inference loads")
    ] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="training processes")] = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    in_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say whether a config fits a machine, before anything is downloaded.

    Estimates memory, disk and time from the model's shapes and prints what the estimates assume. Exits with status 2
    if the config does not fit or cannot work there, and says why.

    Example: shoptune plan infer/t4x4.yaml --machine t4x4 --track 1
    """
    from shoptune.errors import ShoptuneError
    from shoptune.plan.report import as_json, as_text
    from shoptune.plan.run import Options, plan_config

    made = plan_config(file, Options(tuple(overrides), model, machine, weights, track, processes))
    if in_json:
        typer.echo(json.dumps(as_json(made), indent=2))
    else:
        typer.echo(as_text(made, min(shutil.get_terminal_size().columns, 100)))
    if made.problems:
        raise ShoptuneError(made.problems)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plan)
