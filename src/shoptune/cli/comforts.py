"""Options of every command (--quiet, --verbose, --log-file), and --dry-run for commands that run a stage."""

from __future__ import annotations

import functools
import inspect
import os
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from shoptune.runtime.progress import say, set_output

_SHARED: dict[str, tuple[Any, Any]] = {
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")], False),
    "verbose": (Annotated[bool, typer.Option("--verbose", "-v", help="also print a stage's config and inputs")], False),
    "log_file": (
        Annotated[Path | None, typer.Option("--log-file", metavar="FILE", help="append all messages to a file")],
        None,
    ),
}
_DRY_RUN: dict[str, tuple[Any, Any]] = {
    "dry_run": (Annotated[bool, typer.Option("--dry-run", help="show what would be done, without doing it")], False)
}


_SAID_OF = "_SHOPTUNE_SAID_OF"


def add_comforts(app: typer.Typer) -> None:
    """Add the options to every command of an app and of its groups."""
    for info in app.registered_commands:
        if info.callback:
            info.callback = _with_comforts(info.callback)
    for group in app.registered_groups:
        if group.typer_instance:
            add_comforts(group.typer_instance)


def _with_comforts(command: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(command)
    hints = typing.get_type_hints(command, include_extras=True)
    runs_a_stage = {"out", "force"} <= signature.parameters.keys() and "dry_run" not in signature.parameters
    added = _SHARED | (_DRY_RUN if runs_a_stage else {})
    # `serve` has a --log-file of its own.
    taken = {flag for hint in hints.values() for flag in _flags(hint)}
    added = {name: option for name, option in added.items() if not taken & set(_flags(option[0]))}

    configs = [name for name, hint in hints.items() if "CONFIG.yaml" in _metavars(hint)]

    @functools.wraps(command)
    def run(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in added}
        set_output(quiet=given["quiet"], verbose=given["verbose"], log_file=given.get("log_file"))
        arguments |= {name: _located(arguments[name]) for name in configs if arguments[name] is not None}
        if given.get("dry_run"):
            from shoptune.stage import only_preview

            with only_preview():
                return command(**arguments)
        return command(**arguments)

    kind = inspect.Parameter.KEYWORD_ONLY
    own = [parameter.replace(annotation=hints[name]) for name, parameter in signature.parameters.items()]
    options = [
        inspect.Parameter(name, kind, default=default, annotation=hint) for name, (hint, default) in added.items()
    ]
    run.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    run.__annotations__ = hints | {name: hint for name, (hint, _) in added.items()}
    return run


def _located(path: Path) -> Path:
    """Return a config's path, or the path of the shipped config with that name."""
    from shoptune.config.shipped import find_config

    found = find_config(path)
    if found != path and os.environ.get(_SAID_OF) != str(path):
        say(f"{path}: not in this folder, so the one that ships with shoptune is used")
        os.environ[_SAID_OF] = str(path)  # a stage's own environment runs the same command
    return found


def _metavars(hint: Any) -> list[str | None]:
    """The placeholders of an argument or option in --help."""
    kinds = (typer.models.ArgumentInfo, typer.models.OptionInfo)
    return [part.metavar for part in typing.get_args(hint) if isinstance(part, kinds)]


def _flags(hint: Any) -> list[str]:
    """Return the flags of an option; inside `Annotated`, typer stores the first flag as the option's default."""
    options = [part for part in typing.get_args(hint) if isinstance(part, typer.models.OptionInfo)]
    declared = [flag for option in options for flag in (option.default, *(option.param_decls or ()))]
    return [flag for flag in declared if isinstance(flag, str) and flag.startswith("-")]
