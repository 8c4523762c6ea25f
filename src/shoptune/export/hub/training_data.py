"""The rows that a checkpoint was trained on, found in its lineage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoptune.checkpoints.checkpoint import read_json
from shoptune.errors import ShoptuneError
from shoptune.export.hub.sources import origin_of
from shoptune.export.lineage import Step

STATS = "stats.json"
_DATA = "data"


@dataclass(frozen=True)
class Rows:
    """The number of rows from one source in one data set.

    Attributes:
        data: the data set's folder.
        source: the source's name.
        count: rows, training and validation together.
    """

    data: str
    source: str
    count: int


def training_data(steps: Sequence[Step]) -> list[Rows]:
    """Return the rows per source of every data set in a lineage that is still on this machine."""
    folders = {step.sha256: Path(step.path) for step in steps if step.stage == _DATA}
    return [rows for folder in folders.values() for rows in rows_by_source(folder)]


def rows_by_source(folder: Path) -> Iterator[Rows]:
    """Yield the rows of each source of an artifact of `shoptune data build`; nothing if it has no statistics."""
    try:
        counts = read_json(folder / STATS).get("by_source", {})
    except ShoptuneError:
        return
    for source, count in sorted(counts.items()):
        yield Rows(folder.name, source, count)


def data_table(rows: Sequence[Rows]) -> list[str]:
    """Return a Markdown table of data sets, sources, rows and licences."""
    lines = ["| data set | source | rows | licence |", "|---|---|---:|---|"]
    for entry in rows:
        origin = origin_of(entry.source)
        title = f"[{origin.title}]({origin.page})" if origin.page else origin.title
        licence = f"{origin.license} ({origin.note})" if origin.note else origin.license
        lines.append(f"| {entry.data} | {title} | {entry.count} | {licence} |")
    return lines
