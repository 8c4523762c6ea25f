"""Suggest the extra of this package to install if a library is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Sequence

from shoptune.errors import Problem

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)[^;]*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")
_LAST = ("core", "dev")  # larger than what is missing


def missing_library(error: ModuleNotFoundError) -> Problem | None:
    """The problem behind a failed import of a library that one of our extras has; None if it is another's fault."""
    module = (error.name or "").partition(".")[0]
    extras = _extras_with(module)
    if not extras or importlib.util.find_spec(module):
        return None
    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    extra = command if command in extras else min(extras, key=lambda name: (name in _LAST, extras.index(name)))
    return Problem(module, "", "is not installed", f"run: pip install 'shoptune[{extra}]'")


def _extras_with(module: str) -> Sequence[str]:
    """The extras that have a library, in order of name."""
    requirements = importlib.metadata.requires("shoptune") or []
    matches = [match for text in requirements if (match := _REQUIREMENT.fullmatch(text.strip()))]
    return [match["extra"] for match in matches if _canonical(match["name"]) == _canonical(module)]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
