"""The result of a build in memory: its rows, and what was dropped on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptune.data.filters.rejects import Rejects
from shoptune.data.readers.malformed import MalformedRecord
from shoptune.data.tables.sample import Sample

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_LARGEST_TABLE = 1 << 30  # bytes; a column of Arrow strings addresses at most 2 GiB


@dataclass(frozen=True)
class Rows:
    """Rows in parts; each part holds rows of one task.

    Attributes:
        parts: tables with the columns of `shopbench.rows.SCHEMA`.
    """

    parts: Sequence[pa.Table]

    def __len__(self) -> int:
        """The number of rows."""
        return sum(part.num_rows for part in self.parts)

    def table(self) -> pa.Table:
        """All rows as one table, without copying."""
        import pyarrow as pa

        from shoptune.shopbench.rows import SCHEMA

        return pa.concat_tables(self.parts) if self.parts else SCHEMA.empty_table()

    def take(self, numbers: NDArray[np.int64]) -> pa.Table:
        """The rows with the given numbers, in that order."""
        import numpy as np
        import pyarrow as pa

        if sum(part.nbytes for part in self.parts) < _LARGEST_TABLE:
            return self.table().take(numbers)
        ends = np.cumsum([part.num_rows for part in self.parts])
        part_of = np.searchsorted(ends, numbers, side="right")
        grouped = np.argsort(part_of, kind="stable")
        pieces = [
            self.parts[part].take(numbers[part_of == part] - (ends[part] - self.parts[part].num_rows))
            for part in np.unique(part_of)
        ]
        return pa.concat_tables(pieces).take(np.argsort(grouped))

    def by_task(self) -> Counter[str]:
        """The number of rows of each task."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            if part.num_rows:
                counts[part["task_name"][0].as_py()] += part.num_rows
        return counts


@dataclass(frozen=True)
class BuildResult:
    """The rows made and the records dropped by a build, before anything is written.

    Attributes:
        rows: the rows, by task, before they are shuffled.
        wanted: how many rows of each task the mixture asks for.
        absent: the same of tasks whose source is absent.
        rejects: records and rows that were dropped.
        malformed: by source, the parts of raw files that were set aside.
        missing: by source and description, the number of records without a partner in another table.
        samples: by name, the tables that only a sample was used of.
        word_overlap: by task, the score of the guesser of `filters.word_overlap` on the rows.
    """

    rows: Rows
    wanted: Mapping[str, int]
    absent: Mapping[str, int]
    rejects: Rejects
    malformed: Mapping[str, Sequence[MalformedRecord]]
    missing: Mapping[str, Mapping[str, int]]
    samples: Mapping[str, Sample]
    word_overlap: Mapping[str, float]

    def shortfalls(self, share: float = 1) -> dict[str, dict[str, int]]:
        """The tasks with less than a share of the rows wanted: the rows `wanted` and `made`; absent ones have none."""
        made = self.rows.by_task()
        counts = {
            name: {"wanted": wanted, "made": made[name]} for name, wanted in {**self.wanted, **self.absent}.items()
        }
        return {name: count for name, count in counts.items() if count["made"] < share * count["wanted"]}
