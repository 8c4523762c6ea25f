"""`shoptune infer`."""

from __future__ import annotations

from typing import Annotated

import typer

from shoptune.cli.options import Config, Engine, Force, Model, Out, Questions, Set


def infer(
    file: Config,
    model: Model,
    questions: Questions,
    out: Out,
    adapter: Annotated[
        str | None, typer.Option("--adapter", metavar="DIR", help="folder of an adapter to apply to the checkpoint")
    ] = None,
    engine: Engine = "local",
    replicas: Annotated[
        int | None,
        typer.Option("--replicas", min=1, help="number of engines with `--engine ray`; default: one per GPU, or 1"),
    ] = None,
    overrides: Set = [],  # noqa: B006 - typer copies it
    force: Force = False,
) -> None:
    """Answer questions with vLLM.

    Example: shoptune infer infer/cpu.yaml --model runs/demo/awq --questions examples/questions/held_out.json --out DIR
    """
    from shoptune.infer.stage import INFER, Arguments
    from shoptune.plan.checks import check_infer, with_checks
    from shoptune.stage import execute

    arguments = Arguments(file, model, questions, adapter, overrides, engine, replicas)
    execute(with_checks(INFER, check_infer), arguments, out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(infer)
