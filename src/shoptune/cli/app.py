"""The `shoptune` command: parse arguments, call the stage, report errors and set the exit code.

Exit codes: 0 for success; 1 for an unexpected failure, with a traceback; 2 for errors that the user can fix, with one
line per problem; 130 if interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from shoptune import __version__
from shoptune.cli import (
    ask,
    configs,
    convert,
    data,
    evaluate,
    export,
    infer,
    merge,
    plan,
    quantize,
    questions,
    report,
    serve,
    studio,
    sweep,
    teach,
    train,
)
from shoptune.cli.comforts import add_comforts
from shoptune.errors import ShoptuneError, refusal
from shoptune.runtime.extras import missing_library
from shoptune.runtime.gc_tuning import tune_garbage_collection
from shoptune.runtime.process import run_as_process
from shoptune.runtime.progress import complain

_USER_ERROR, _INTERRUPTED = 2, 130
_COMMANDS = (
    *(data, teach, train, sweep, merge, quantize, infer, evaluate, export),
    *(questions, convert, report, studio, plan, serve, ask, configs),
)


class _InPipelineOrder(TyperGroup):
    """Lists commands and command groups in pipeline order."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of the pipeline."""
        order = [module.__name__.rpartition(".")[2] for module in _COMMANDS]
        return sorted(super().list_commands(ctx), key=lambda name: order.index(name) if name in order else len(order))


app = typer.Typer(
    name="shoptune",
    cls=_InPipelineOrder,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> NoReturn:
    """Run the command line as this process, and end the process."""
    run_as_process(main)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    tune_garbage_collection()
    try:
        app(args=list(arguments) if arguments is not None else None)
    except ShoptuneError as error:
        for problem in error.problems:
            complain(f"error: {problem}")
        sys.exit(_USER_ERROR)
    except (ModuleNotFoundError, OSError) as error:
        remediable = missing_library(error) if isinstance(error, ModuleNotFoundError) else refusal(error)
        if remediable is None:
            raise
        complain(f"error: {remediable}")
        sys.exit(_USER_ERROR)
    except SystemExit as ended:
        sys.exit(_INTERRUPTED if _was_interrupted(ended) else ended.code)


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an exception was caused by Ctrl-C, which older versions of typer turn into exit code 1."""
    return error is not None and (isinstance(error, KeyboardInterrupt) or _was_interrupted(error.__context__))


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
    """Turn raw shopping data into a submission-ready 4-bit shopping assistant."""


for _command in _COMMANDS:
    _command.register(app)
add_comforts(app)
