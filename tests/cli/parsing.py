"""Parse command lines with shoptune's own parser, without running anything."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator
from typing import Any

import typer

from shoptune.cli.app import app

Words = tuple[str, ...]


def commands(group: Any = None, *path: str) -> Iterator[tuple[Words, Any]]:
    """Every command of the app with its words; a group comes before its commands."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)


def parse(line: str) -> tuple[Words, dict[str, Any]]:
    """The command that a line calls, and the arguments and options that it passes.

    Raises:
        typer.BadParameter: or another of typer's usage errors, as the command line reports it.
    """
    program, *arguments = shlex.split(line)
    assert program == "shoptune", line
    root = typer.main.get_command(app)
    called: list[tuple[Words, dict[str, Any]]] = []
    for words, command in commands(root):
        if not hasattr(command, "commands"):
            command.callback = functools.partial(_record, called, words)
    root(args=arguments, prog_name=program, standalone_mode=False)
    (call,) = called
    return call


def _record(called: list[tuple[Words, dict[str, Any]]], words: Words, **parameters: Any) -> None:
    called.append((words, parameters))
