"""Resolve paths in configs: relative to the YAML that sets them, to the current folder, or to the shipped configs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from shoptune.config.shipped import find_config


class Written(str):
    """A string with the YAML file that it was read from. Strings from the command line are plain `str` objects."""

    __slots__ = ("file",)
    file: Path

    @classmethod
    def of(cls, text: str, file: Path) -> Written:
        """Mark a string as read from a file."""
        written = cls(text)
        written.file = file
        return written


def written_in(file: Path, values: Any) -> Any:
    """Return the content of a YAML with its strings marked as read from it."""
    if isinstance(values, dict):
        return {key: written_in(file, value) for key, value in values.items()}
    if isinstance(values, list):
        return [written_in(file, value) for value in values]
    return Written.of(values, file) if isinstance(values, str) else values


def plain(values: Any) -> Any:
    """Return the same values with plain strings, for libraries that do not accept subclasses of `str`."""
    if isinstance(values, dict):
        return {key: plain(value) for key, value in values.items()}
    if isinstance(values, list):
        return [plain(value) for value in values]
    return str(values) if isinstance(values, Written) else values


def resolved(value: Any) -> Any:
    """Resolve a value from a config if it is the path of something that exists; return other values unchanged.

    A path from a YAML is relative to the YAML's folder, else to the current folder. A path from the command line is
    relative to the current folder. If neither exists, the configs that ship with shoptune are searched.
    """
    if not isinstance(value, str) or not value or "\n" in value:
        return value
    try:
        if isinstance(value, Written) and (near := value.file.parent / value).exists():
            return from_here(near)
        return str(found) if (found := find_config(Path(value))) != Path(value) else str(value)
    except OSError:  # too long for a path
        return str(value)


def from_here(path: Path) -> str:
    """Make a path relative to the current folder if it is inside, so that its spelling does not change the config."""
    full, here = os.path.abspath(path), os.getcwd()  # noqa: PTH100, PTH109 - links stay as they are
    return os.path.relpath(full, here) if Path(full).is_relative_to(here) else str(path)


ConfigPath = Annotated[str, BeforeValidator(resolved)]
