"""The `shoptune` command: parse, call the stage, print one line. Stages are imported when they are called."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from shoptune import __version__
from shoptune.artifacts import publish
from shoptune.artifacts.manifest import Request
from shoptune.cli import data, export, serve
from shoptune.cli.options import Config, Force, Model, Out, Questions, Set, report_artifact
from shoptune.errors import ShoptuneError, refusal
from shoptune.runtime import environments
from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.progress import say

app = typer.Typer(
    name="shoptune",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(data.app, name="data")
app.add_typer(export.app, name="export")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 for success, 2 for what the user can mend, 1 with a traceback otherwise."""
    tune_garbage_collection()
    try:
        app(args=list(arguments) if arguments is not None else None)
    except ShoptuneError as error:
        for problem in error.problems:
            say(f"error: {problem}")
        sys.exit(2)
    except OSError as error:
        problem_of_system = refusal(error)
        if problem_of_system is None:
            raise
        say(f"error: {problem_of_system}")
        sys.exit(2)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shoptune {__version__}")
        raise typer.Exit


@app.callback()
def shoptune(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Raw shopping data in, a submission-ready 4-bit shopping assistant out."""


@app.command()
def train(
    file: Config,
    out: Out,
    overrides: Set = [],  # noqa: B006
    processes: Annotated[int, typer.Option("--processes", min=1, help="workers on this machine, one a GPU")] = 1,
    force: Force = False,
) -> None:
    """Train an adapter with axolotl.

    Example: shoptune train training_configs/demo-a.yaml --out runs/demo/adapter-a
    """
    from shoptune.checkpoints.checkpoint import locate
    from shoptune.train.config import load_train_config
    from shoptune.train.run import request, run

    since = time.monotonic()
    settings = load_train_config(file, overrides)
    _enter("train", "train", request(settings, locate(settings.base_model, file, "base_model")), out, force=force)
    made = run(settings, out, processes=processes, force=force)
    report_artifact(made, since, "shoptune merge merge/demo.yaml --out runs/demo/merged")


@app.command()
def merge(
    file: Config,
    out: Out,
    overrides: Set = [],  # noqa: B006
    as_adapter: Annotated[bool, typer.Option("--as-adapter", help="write one PEFT adapter, not a checkpoint")] = False,
    rank: Annotated[int | None, typer.Option("--rank", min=1, help="compress the adapter to this rank")] = None,
    force: Force = False,
) -> None:
    """Merge weighted adapters into their base, or into one adapter.

    Example: shoptune merge merge/demo.yaml --out runs/demo/merged --set wise_ft_alpha=0.75
    """
    from shoptune.config import load
    from shoptune.merge.config import MergeConfig
    from shoptune.merge.run import Form, request, run

    since = time.monotonic()
    settings, form = load(file, MergeConfig, overrides), Form(as_adapter or rank is not None, rank)
    if settings.base_weights == "nf4":  # bitsandbytes rounds, and is in the environment that trained with it
        _enter("train", "merge", request(settings, file, form), out, force=force)
    made = run(settings, file, out, form=form, force=force)
    report_artifact(made, since, f"shoptune quantize quantize/demo.yaml --set model={out} --out runs/demo/awq")


@app.command()
def quantize(file: Config, out: Out, overrides: Set = [], force: Force = False) -> None:  # noqa: B006
    """Pad a checkpoint with zeros and round it to 4 bits with AutoAWQ.

    Example: shoptune quantize quantize/demo.yaml --set model=runs/demo/merged --out runs/demo/awq
    """
    from shoptune.checkpoints.checkpoint import locate
    from shoptune.config import load
    from shoptune.quantize.config import QuantizeConfig
    from shoptune.quantize.run import request, run

    since = time.monotonic()
    settings = load(file, QuantizeConfig, overrides)
    _enter("quantize", "quantize", request(settings, locate(settings.model, file, "model")), out, force=force)
    made = run(settings, file, out, force=force)
    report_artifact(made, since, f"shoptune infer infer/cpu.yaml --model {out} --questions FILE --out DIR")


@app.command()
def infer(
    file: Config,
    model: Model,
    questions: Questions,
    out: Out,
    overrides: Set = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Answer questions with vLLM.

    Example: shoptune infer infer/cpu.yaml --model runs/demo/awq --questions examples/questions/held_out.json --out DIR
    """
    from shoptune.checkpoints.checkpoint import locate
    from shoptune.infer.profile import load_profile
    from shoptune.infer.run import request, run

    since = time.monotonic()
    profile = load_profile(file, overrides)
    _enter("infer", "infer", request(profile, locate(model, file, "--model"), questions), out, force=force)
    made = run(profile, file, model, questions, out, force=force)
    report_artifact(made, since, f"shoptune evaluate {out}/predictions.jsonl --questions {questions} --out DIR")


@app.command()
def evaluate(
    predictions: Annotated[Path, typer.Argument(metavar="PREDICTIONS.jsonl", help="input_field and prediction a line")],
    questions: Questions,
    out: Out,
    force: Force = False,
) -> None:
    """Score predictions as the benchmark does.

    Example: shoptune evaluate predictions.jsonl --questions examples/questions/held_out.json --out runs/scores
    """
    from shoptune.evaluate.run import read_scores, run

    since = time.monotonic()
    made = run(predictions, questions, out, force=force)
    overall = read_scores(out)["overall"]
    low, high = overall["by_question_interval"]
    say(
        f"score by question {overall['by_question']:.3f} [{low:.3f}, {high:.3f}], by task {overall['by_task']:.3f}, "
        f"{overall['questions']} questions, {overall['parse_failures']} parse failures"
    )
    report_artifact(made, since, f"read {out}/scores.json")


@app.command()
def sweep(file: Config, out: Out, overrides: Set = [], force: Force = False) -> None:  # noqa: B006
    """Score an ensemble over a grid of wise-ft alphas, around one running engine.

    Example: shoptune sweep merge/sweeps/demo.yaml --out runs/demo/sweep
    """
    from shoptune.sweep.config import load_sweep
    from shoptune.sweep.run import request, run

    since = time.monotonic()
    plan = load_sweep(file, overrides)
    _enter("infer", "sweep", request(plan), out, force=force)
    report_artifact(run(plan, out, force=force), since, f"shoptune merge {out}/best.yaml --out DIR")


@app.command()
def report(
    run_directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of artifacts, as runs/demo")],
) -> None:
    """Write scores.json and report.html over all artifacts of a run.

    Example: shoptune report runs/demo
    """
    from shoptune.report.run import run

    say(run(run_directory))


def _enter(environment: str, stage: str, request: Request, out: Path, *, force: bool) -> None:
    """Go on in the environment that a stage needs, unless this is it or there is nothing to do."""
    if not environments.is_here(environment) and (force or not publish.up_to_date(request, out)):
        environments.become(environment, stage, sys.argv[2:])


app.command()(serve.serve)
app.command()(serve.ask)
