"""What a build leaves on disk: Parquet shards, statistics, a report, rejects and a dataset card."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptune.data.assemble import Made
from shoptune.data.filters.length import LengthLimit
from shoptune.data.mixture import Mixture
from shoptune.data.write.report import render_report
from shoptune.data.write.statistics import statistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATS = "stats.json"
REPORT = "report.html"
REJECTS = "rejects.jsonl"


def write_build(directory: Path, made: Made, mixture: Mixture, length: LengthLimit) -> None:
    """Shuffle and split the rows and write everything."""
    splits = _splits(made.rows, mixture)
    for split, numbers in splits.items():
        _write_shards(directory, split, made, numbers, mixture.shard_rows)
    stats = statistics(made, {split: len(numbers) for split, numbers in splits.items()}, length)
    (directory / STATS).write_text(json.dumps(stats, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    made.rejects.write(directory / REJECTS, made.database.faults)
    (directory / "README.md").write_text(_card(stats), encoding="utf-8")
    (directory / REPORT).write_text(render_report(stats, made), encoding="utf-8")


def _splits(rows: int, mixture: Mixture) -> dict[str, NDArray[np.int64]]:
    """The numbers of each split's rows, shuffled."""
    import numpy as np

    order = list(range(rows))
    random.Random(mixture.seed).shuffle(order)
    held_back = round(rows * mixture.validation_fraction)
    return {"train": np.array(order[held_back:], np.int64), "validation": np.array(order[:held_back], np.int64)}


def _write_shards(directory: Path, split: str, made: Made, numbers: NDArray[np.int64], shard_rows: int) -> None:
    """Write a split as Parquet files of nearly equal size, named as `datasets` names them."""
    import numpy as np
    import pyarrow.parquet as pq

    shards = [shard for shard in np.array_split(numbers, max(1, -(-len(numbers) // shard_rows))) if len(shard)]
    for number, shard in enumerate(shards):
        file = directory / f"{split}-{number:05}-of-{len(shards):05}.parquet"
        pq.write_table(made.take(shard).combine_chunks(), file, compression="zstd")


def _card(stats: Mapping[str, Any]) -> str:
    lines = [
        "---",
        "configs:",
        "- config_name: default",
        "  data_files:",
        *[
            line
            for split, count in stats["by_split"].items()
            if count
            for line in (f"  - split: {split}", f"    path: {split}-*.parquet")
        ],
        "---",
        "# Rows in ShopBench's format",
        "",
        f"{stats['rows']} rows made by `shoptune data build`; manifest.json holds the mixture and its recipes whole,",
        "report.html shows them.",
        "",
        "| task | rows |",
        "|---|---|",
        *[f"| {name} | {counts['made']} |" for name, counts in stats["by_task"].items()],
    ]
    return "\n".join(lines) + "\n"
