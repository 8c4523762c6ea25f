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
        typer.Option("--model", metavar="CONFIG.json", help="the model: its config.json, folder or Hub id"),
    ] = None,
    machine: Annotated[
        str,
        typer.Option(
            "--machine", metavar="NAME|FILE", help="a100x8, t4x4, here, or a YAML file that describes a machine"
        ),
    ] = "here",
    track: Annotated[
        int | None, typer.Option("--track", min=1, max=5, help="also check this track's time limit")
    ] = None,
    weights: Annotated[
        Literal["awq", "unquantized"] | None,
        typer.Option("--weights", help="format of the weights that inference loads"),
    ] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="number of training processes")] = None,
    records: Annotated[
        int | None, typer.Option("--records", min=1, help="number of records of a teacher recipe; default: those of v8")
    ] = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    in_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Check whether a config fits a machine.

    Estimates memory, disk space and time from the model's shapes, without downloading anything, and prints the
    assumptions behind the estimates. Exits with status 2 and the reasons if the config does not fit or cannot work.

    Example: shoptune plan infer/t4x4.yaml --machine t4x4 --track 1
    """
    from shoptune.errors import ShoptuneError
    from shoptune.plan.report import as_json, as_text
    from shoptune.plan.run import Options, plan_config

    made = plan_config(file, Options(tuple(overrides), model, machine, weights, track, processes, records))
    if in_json:
        typer.echo(json.dumps(as_json(made), indent=2))
    else:
        typer.echo(as_text(made, min(shutil.get_terminal_size().columns, 100)))
    if made.problems:
        raise ShoptuneError(made.problems)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plan)
