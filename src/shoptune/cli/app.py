"""The `shoptune` command: parse, call the stage, turn errors into lines and exit codes.

Exit codes: 0 success; 1 an unexpected failure, with a traceback; 2 an error that the user can fix, one line each;
130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import click
import typer

from shoptune import __version__
from shoptune.cli import ask, data, evaluate, export, infer, merge, quantize, report, serve, sweep, train
from shoptune.errors import ShoptuneError, refusal
from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.progress import say

USER_ERROR, INTERRUPTED = 2, 130

app = typer.Typer(
    name="shoptune",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    tune_garbage_collection()
    try:
        code = app(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except ShoptuneError as error:
        for problem in error.problems:
            say(f"error: {problem}")
        sys.exit(USER_ERROR)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        say("; ".join(part for part in ("interrupted", str(error)) if part))
        sys.exit(INTERRUPTED)
    except OSError as error:
        problem_of_system = refusal(error)
        if problem_of_system is None:
            raise
        say(f"error: {problem_of_system}")
        sys.exit(USER_ERROR)
    sys.exit(code)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shoptune {__version__}")
        raise typer.Exit


@app.callback()
def shoptune(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Raw shopping data in, a submission-ready 4-bit shopping assistant out."""


for _module in (data, train, sweep, merge, quantize, infer, evaluate, export, report, serve, ask):
    _module.register(app)
