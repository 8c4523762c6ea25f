"""Paths in configs: relative to the YAML that names them, then to the current folder, then what ships with shoptune."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from shoptune.config.shipped import find_config


class Written(str):
    """A text that knows the YAML it was read from; one from the command line is a plain text."""

    __slots__ = ("file",)
    file: Path

    @classmethod
    def of(cls, text: str, file: Path) -> Written:
        """The text as read from a file."""
        written = cls(text)
        written.file = file
        return written


def written_in(file: Path, values: Any) -> Any:
    """The content of a YAML with its texts marked as read from it."""
    if isinstance(values, dict):
        return {key: written_in(file, value) for key, value in values.items()}
    if isinstance(values, list):
        return [written_in(file, value) for value in values]
    return Written.of(values, file) if isinstance(values, str) else values


def plain(values: Any) -> Any:
    """The same values as plain texts, for libraries that take nothing else."""
    if isinstance(values, dict):
        return {key: plain(value) for key, value in values.items()}
    if isinstance(values, list):
        return [plain(value) for value in values]
    return str(values) if isinstance(values, Written) else values


def resolved(value: Any) -> Any:
    """A path from a config, if something is there; other values and Hub ids stay as they are.

    A path from a YAML is relative to that YAML, then to the current folder; one from the command line to the current
    folder. Configs that ship with shoptune are found if neither has it.
    """
    if not isinstance(value, str) or not value or "\n" in value:
        return value
    try:
        if isinstance(value, Written) and (near := value.file.parent / value).exists():
            return _from_here(near)
        return str(found) if (found := find_config(Path(value))) != Path(value) else str(value)
    except OSError:  # too long for a path
        return str(value)


def _from_here(path: Path) -> str:
    """A path relative to the current folder if it is inside, so that a config is the same however its file is named."""
    full, here = os.path.abspath(path), os.getcwd()  # noqa: PTH100, PTH109 - links stay as they are
    return os.path.relpath(full, here) if Path(full).is_relative_to(here) else str(path)


ConfigPath = Annotated[str, BeforeValidator(resolved)]
