"""Records that became no row, counted by reason, with samples of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from shoptune.data.render.reject import Reject

_SAMPLES_PER_REASON = 20


@dataclass
class Rejects:
    """All rejects of a build.

    Attributes:
        counts: number of rejects by source, task and reason.
        samples: the first rejects of each source, task and reason.
    """

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    samples: list[Reject] = field(default_factory=list)

    def add(self, reject: Reject) -> None:
        """Count a reject."""
        what = (reject.source, reject.task, reject.reason)
        self.counts[what] += 1
        if self.counts[what] <= _SAMPLES_PER_REASON:
            self.samples.append(reject)

    @property
    def total(self) -> int:
        """The number of rejects."""
        return self.counts.total()

    def by_source(self) -> dict[str, dict[str, dict[str, int]]]:
        """Counts as nested mappings: source, task, reason."""
        nested: dict[str, dict[str, dict[str, int]]] = {}
        for (source, task, reason), count in sorted(self.counts.items()):
            nested.setdefault(source, {}).setdefault(task, {})[reason] = count
        return nested
