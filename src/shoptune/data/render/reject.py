"""A record that became no row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reject:
    """A record that became no row, with the reason and a sample of its content."""

    source: str
    task: str
    reason: str
    key: str
    sample: str
