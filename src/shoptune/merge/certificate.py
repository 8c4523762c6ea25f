"""The intended change of a merge, and how much of it is left after rounding to 16 bits.

A typical LoRA delta is a hundred times smaller than the weights that it is added to. The steps of bfloat16 at the size
of the weights are as large as the delta, so much of it is rounded away; the steps of float16 are eight times finer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "certificate.json"


@dataclass
class RoundingStatistics:
    """Sums over the entries of one weight matrix or several.

    Attributes:
        entries: entries that a delta was added to.
        intended: sum of squares of the delta.
        survived: sum of squares of the difference between the written weights and the base.
        lost: sum of squares of the difference between that and the delta.
        unchanged: entries whose written value equals the base's.
        max_error: the largest difference between a written value and the exact one.
        overflowed: finite values that do not fit the output type.
    """

    entries: int = 0
    intended: float = 0.0
    survived: float = 0.0
    lost: float = 0.0
    unchanged: int = 0
    max_error: float = 0.0
    overflowed: int = 0

    def add(self, other: RoundingStatistics) -> None:
        """Add the statistics of other entries."""
        for name in ("entries", "intended", "survived", "lost", "unchanged", "overflowed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.max_error = max(self.max_error, other.max_error)

    def summary(self) -> dict[str, Any]:
        """Norms and shares, as in the certificate."""
        return {
            "entries": self.entries,
            "intended_norm": math.sqrt(self.intended),
            "survived_norm": math.sqrt(self.survived),
            "lost_share": math.sqrt(self.lost / self.intended) if self.intended else 0.0,
            "unchanged_share": self.unchanged / self.entries if self.entries else 0.0,
            "max_error": self.max_error,
            "overflowed": self.overflowed,
        }


@dataclass
class Certificate:
    """Rounding statistics of a merge by weight matrix."""

    tensors: dict[str, RoundingStatistics] = field(default_factory=dict)

    def record(self, name: str, rounding: RoundingStatistics) -> None:
        """Add a block of a weight matrix."""
        self.tensors.setdefault(name, RoundingStatistics()).add(rounding)

    def total(self) -> RoundingStatistics:
        """All weight matrices together."""
        total = RoundingStatistics()
        for rounding in self.tensors.values():
            total.add(rounding)
        return total

    def write(self, directory: Path, about: Mapping[str, Any]) -> None:
        """Write `certificate.json`; `about` describes the merge, for example its element type."""
        value = {
            **about,
            "total": self.total().summary(),
            "tensors": {name: rounding.summary() for name, rounding in self.tensors.items()},
        }
        (directory / FILE).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def by_kind(certificate: Certificate) -> dict[str, RoundingStatistics]:
    """The statistics of each kind of layer (`q_proj`, `down_proj`, ...), summed over the model."""
    kinds: dict[str, RoundingStatistics] = {}
    for name, entry in certificate.tensors.items():
        kinds.setdefault(name.removesuffix(".weight").split(".")[-1], RoundingStatistics()).add(entry)
    return kinds


def sentence(certificate: Certificate, dtype: str) -> str:
    """The certificate as one line."""
    total = certificate.total().summary()
    return (
        f"rounding to {dtype} lost {total['lost_share']:.1%} of the delta's norm and left "
        f"{total['unchanged_share']:.1%} of {total['entries']} weights unchanged"
    )
