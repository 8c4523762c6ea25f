"""`shoptune questions`: convert other benchmarks' questions into the development format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_SHOWN = 20

app = typer.Typer(
    help="Convert another benchmark's questions.\n\n"
    "Example: shoptune questions shopping-mmlu data --out questions.json",
    no_args_is_help=True,
)


@app.callback()
def questions() -> None:
    """Keep the benchmark's name a subcommand, although there is only one."""


@app.command("shopping-mmlu")
def shopping_mmlu(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the unzipped data.zip, which contains skills/*.json")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="file to write the questions to, as JSON lines")],
) -> None:
    """Convert Shopping MMLU's questions. The output is in the development format; malformed rows are reported.

    Example: shoptune questions shopping-mmlu data --out runs/shopping-mmlu.json
    """
    from shoptune.runtime.progress import say
    from shoptune.shopbench.questions import write_questions
    from shoptune.shopbench.shopping_mmlu import read_shopping_mmlu

    found, odd = read_shopping_mmlu(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(out.name + ".partial")
    write_questions(partial, found)
    partial.replace(out)
    for problem in odd[:_SHOWN]:
        say(f"odd: {problem}")
    if len(odd) > _SHOWN:
        say(f"odd: and {len(odd) - _SHOWN} more")
    tasks = len({question.task_name for question in found})
    left_out = sum(problem.remedy == "left out" for problem in odd)
    say(f"{out}: {len(found)} questions of {tasks} tasks, {len(odd)} odd rows, {left_out} of them left out")
    say(f"next: shoptune infer infer/cpu.yaml --model DIR --questions {out} --out DIR")


def register(parent: typer.Typer) -> None:
    """Add the group of commands."""
    parent.add_typer(app, name="questions")
