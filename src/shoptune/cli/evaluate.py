"""`shoptune evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoptune.cli.options import Force, Out, Questions


def evaluate(
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDICTIONS.jsonl", help="records of input_field and prediction")
    ],
    questions: Questions,
    out: Out,
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="NAME", help="parsers and metrics to use: kdd-cup or shopping-mmlu")
    ] = "kdd-cup",
    force: Force = False,
) -> None:
    """Score predictions like the benchmark.

    Example: shoptune evaluate predictions.jsonl --questions examples/questions/held_out.json --out runs/scores
    """
    from shoptune.evaluate.stage import EVALUATE, Job
    from shoptune.stage import execute

    execute(EVALUATE, Job(predictions, questions, protocol), out, force=force)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)
