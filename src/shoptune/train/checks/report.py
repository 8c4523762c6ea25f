"""The report of a check."""

from __future__ import annotations

from dataclasses import dataclass, field

from shoptune.errors import Problem


@dataclass
class Report:
    """The findings of all checks of one training config.

    Attributes:
        problems: what must be corrected before training.
        notes: what was checked and is fine.
        unchecked: what could not be checked here, and why.
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
