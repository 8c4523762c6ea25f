"""`shoptune export`: the submission folder, and ShopBench as tasks of lm-evaluation-harness."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shoptune.cli.options import Config, Force, Model, Out, Questions, Set


class _SubmissionByDefault(TyperGroup):
    """`shoptune export CONFIG.yaml` is `shoptune export submission CONFIG.yaml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `submission` if the first argument is neither a subcommand nor an option of the group."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = ["submission", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = typer.Typer(
    cls=_SubmissionByDefault,
    help="Make a submission folder, or tasks for lm-evaluation-harness.\n\n"
    "Example: shoptune export infer/t4x4.yaml --model runs/demo/awq --track 5 --out runs/demo/submission",
    no_args_is_help=True,
)


@app.command("submission")
def export_submission(
    file: Config,
    model: Model,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="the artifact's folder")] = None,
    kit: Annotated[
        Path | None, typer.Option("--kit", metavar="DIR", help="fill this clone of the starter kit instead")
    ] = None,
    track: Annotated[int, typer.Option("--track", min=1, max=5, help="the challenge's track")] = 5,
    author: Annotated[list[str], typer.Option("--author", metavar="NAME", help="your name at AIcrowd")] = [],  # noqa: B006
    requirements: Annotated[
        Path | None, typer.Option("--requirements", metavar="FILE", help="pinned packages of the image")
    ] = None,
    overrides: Set = [],  # noqa: B006
    force: Force = False,
) -> None:
    """Make a submission folder that answers questions with a profile's engine; the word `submission` is optional.

    Example: shoptune export infer/t4x4.yaml --model runs/demo/awq --track 5 --out runs/demo/submission
    """
    from shoptune.errors import fail
    from shoptune.export.stage import SUBMISSION, Arguments
    from shoptune.stage import execute

    arguments = Arguments(file, model, track, overrides, author, requirements)
    if (out is None) == (kit is None):
        what = "one of --out DIR and --kit DIR is needed" if out is None else "--out and --kit exclude each other"
        raise fail("export submission", "", what, "name a new folder with --out, or a clone of the kit with --kit")
    if kit is not None:
        from shoptune.export.kit import fill_kit

        fill_kit(arguments, kit)
    elif out is not None:
        execute(SUBMISSION, arguments, out, force=force)


@app.command("lm-eval")
def export_lm_eval(questions: Questions, out: Out, force: Force = False) -> None:
    """Write questions as a task group of lm-evaluation-harness, scored like `shoptune evaluate`.

    Example: shoptune export lm-eval --questions examples/questions/held_out.json --out runs/lm-eval
    """
    from shoptune.export.lm_eval import LM_EVAL, Job
    from shoptune.stage import execute

    execute(LM_EVAL, Job(questions), out, force=force)


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    parent.add_typer(app, name="export")
