"""The result of one check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shoptune.errors import Problem


@dataclass(frozen=True)
class Result:
    """The result of a check.

    Attributes:
        name: the name of the check.
        summary: the figures behind it, in one line.
        problems: the faults, each with its remedy; empty if the check passes.
        notes: observations that do not make the check fail.
    """

    name: str
    summary: str
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()

    @property
    def line(self) -> str:
        """Return the line to print."""
        count = len(self.problems)
        state = "ok" if not count else f"{count} problem{'s' if count > 1 else ''}"
        return f"{self.name}: {state}: {self.summary}"
