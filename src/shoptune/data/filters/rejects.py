"""What became no row, and why: every record is counted, some of each kind are kept to look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shoptune.data.sources.malformed import MalformedRecord

_SAMPLES_OF_A_REASON = 20
_SAMPLE_CHARACTERS = 400


@dataclass(frozen=True)
class Reject:
    """A record that became no row; `sample` is what it looked like."""

    source: str
    task: str
    reason: str
    key: str
    sample: str


@dataclass
class Rejects:
    """All rejects of a build.

    Attributes:
        counts: how many, by source, task and reason.
        samples: the first of each.
    """

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    samples: list[Reject] = field(default_factory=list)

    def add(self, reject: Reject) -> None:
        """Count one."""
        what = (reject.source, reject.task, reject.reason)
        self.counts[what] += 1
        if self.counts[what] <= _SAMPLES_OF_A_REASON:
            self.samples.append(reject)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()

    def by_source(self) -> dict[str, dict[str, dict[str, int]]]:
        """Counts as nested mappings: source, task, reason."""
        nested: dict[str, dict[str, dict[str, int]]] = {}
        for (source, task, reason), count in sorted(self.counts.items()):
            nested.setdefault(source, {}).setdefault(task, {})[reason] = count
        return nested

    def write(self, file: Path, faults: Mapping[str, Iterable[MalformedRecord]]) -> None:
        """Write the samples, and every fault of a raw file by source, as JSON lines."""
        lines = [
            json.dumps({"source": source, **asdict(fault)}, ensure_ascii=False) + "\n"
            for source, found in faults.items()
            for fault in found
        ]
        lines += [
            json.dumps({**asdict(reject), "sample": reject.sample[:_SAMPLE_CHARACTERS]}, ensure_ascii=False) + "\n"
            for reject in self.samples
        ]
        file.write_text("".join(lines), encoding="utf-8")
