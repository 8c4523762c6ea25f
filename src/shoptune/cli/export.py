"""`shoptune export`: write and check submissions, and write folders for the Hub and evaluation tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shoptune.cli.options import Config, Force, Model, Out, Questions, Set


class _SubmissionByDefault(TyperGroup):
    """Makes `shoptune export CONFIG.yaml` equivalent to `shoptune export submission CONFIG.yaml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `submission` if the first argument is neither a subcommand nor an option of the group."""
        if args and args[0] not in {*self.commands, *self.get_help_option_names(ctx)}:
            args = ["submission", *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = typer.Typer(
    cls=_SubmissionByDefault,
    help="Export a submission, a model or tasks.\n\n"
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
    """Write a submission folder. It contains the checkpoint and the profile. The word `submission` may be omitted.

    Example: shoptune export infer/t4x4.yaml --model runs/demo/awq --track 5 --out runs/demo/submission
    """
    from shoptune.errors import fail
    from shoptune.export.stage import SUBMISSION, Arguments
    from shoptune.stage import execute

    arguments = Arguments(file, model, track, overrides, author, requirements)
    if (out is None) == (kit is None):
        what = "one of --out DIR and --kit DIR is needed" if out is None else "--out and --kit exclude each other"
        raise fail("export submission", "", what, "choose a new folder with --out, or a clone of the kit with --kit")
    if kit is not None:
        from shoptune.export.kit import fill_kit

        fill_kit(arguments, kit)
    elif out is not None:
        execute(SUBMISSION, arguments, out, force=force)


@app.command("check")
def export_check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder of the submission", show_default=False)],
    questions: Annotated[
        Path | None, typer.Option("--questions", metavar="FILE", help="also ask these questions, and adversarial ones")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option("--scores", metavar="DIR", help="compare with these scores by `shoptune evaluate`")
    ] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", min=0, help="maximum difference of a mean score")] = 0.01,
    limit: Annotated[float, typer.Option("--limit-gb", min=0, help="maximum size of the submission")] = 100,
    seconds: Annotated[
        float, typer.Option("--seconds-per-question", min=0, help="time limit per question of a batch")
    ] = 10,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="write the results as JSON")] = None,
) -> None:
    """Check a submission before you push it. Checks its files, and its answers in the way the evaluator gets them.

    Example: shoptune export check runs/demo/submission --questions examples/questions/development.json
    """
    from shoptune.export.check.run import Arguments, run_checks

    run_checks(Arguments(folder, questions, scores, tolerance, report, limit * 1e9, seconds))


@app.command("hub")
def export_hub(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder of the artifact to upload", show_default=False)],
    out: Out,
    repo: Annotated[str, typer.Option("--repo", metavar="OWNER/NAME", help="name of the repository on the Hub")],
    scores: Annotated[
        Path | None, typer.Option("--scores", metavar="DIR", help="scores written by `shoptune evaluate`")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="OWNER/NAME", help="name of the base on the Hub, if not recorded"),
    ] = None,
    license_name: Annotated[
        str, typer.Option("--license", metavar="ID", help="the license, as an identifier on the Hub")
    ] = "other",
    force: Force = False,
) -> None:
    """Write a folder for the Hugging Face Hub. It has a checkpoint, an adapter or rows, and a card.

    Example: shoptune export hub runs/demo/awq --repo me/shop --scores runs/demo/scores/awq --out runs/demo/hub
    """
    from shoptune.export.hub.stage import HUB, Job
    from shoptune.stage import execute

    execute(HUB, Job(folder, repo, license_name, base, scores), out, force=force)


@app.command("gguf")
def export_gguf(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a checkpoint, not quantized", show_default=False)],
    out: Out,
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="llama.cpp's name of the weights' type")
    ] = "q4_k_m",
    force: Force = False,
) -> None:
    """Convert a checkpoint into a GGUF file for llama.cpp.

    Example: shoptune export gguf runs/demo/merged --type q8_0 --out runs/demo/gguf
    """
    from shoptune.export.gguf import GGUF, Job
    from shoptune.stage import execute

    execute(GGUF, Job(folder, kind), out, force=force)


@app.command("lm-eval")
def export_lm_eval(questions: Questions, out: Out, force: Force = False) -> None:
    """Write tasks for lm-evaluation-harness. Answers are scored in the same way as by `shoptune evaluate`.

    Example: shoptune export lm-eval --questions examples/questions/held_out.json --out runs/lm-eval
    """
    from shoptune.export.lm_eval import LM_EVAL, Job
    from shoptune.stage import execute

    execute(LM_EVAL, Job(questions), out, force=force)


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    parent.add_typer(app, name="export")
