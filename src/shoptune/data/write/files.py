"""The files of a build: Parquet shards, statistics, a report, rejects and a dataset card."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from shoptune.data.build_result import BuildResult, Rows
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
_SAMPLE_CHARACTERS = 400


def write_build(
    directory: Path,
    result: BuildResult,
    mixture: Mixture,
    length: LengthLimit,
    teaching: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Shuffle and split the rows and write everything.

    Args:
        directory: the artifact's folder.
        result: the rows.
        mixture: how they are split.
        length: measures their lengths.
        teaching: statistics about a teacher's part in them.
    """
    splits = _splits(result.rows, mixture)
    for split, numbers in splits.items():
        _write_shards(directory, split, result.rows, numbers, mixture.shard_rows)
    stats = statistics(result, {split: len(numbers) for split, numbers in splits.items()}, length, mixture)
    stats |= teaching
    (directory / STATS).write_text(json.dumps(stats, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_rejects(directory / REJECTS, result)
    (directory / "README.md").write_text(_card(stats), encoding="utf-8")
    (directory / REPORT).write_text(render_report(stats, result.rows), encoding="utf-8")


def _splits(rows: Rows, mixture: Mixture) -> dict[str, NDArray[np.int64]]:
    """The row numbers of each split, shuffled.

    Groups of rows about the same product, query or text are held out together, in random order, until the wanted number
    is reached.
    """
    import numpy as np

    groups = rows.table()["group_id"].to_pylist() if len(rows) else []
    order = list(range(len(groups)))
    random.Random(mixture.seed).shuffle(order)
    left = round(len(groups) * mixture.validation_fraction)
    sizes = Counter(groups)
    held_out: set[str] = set()
    for group in dict.fromkeys(groups[number] for number in order):
        if left and sizes[group] <= left:
            held_out.add(group)
            left -= sizes[group]
    train = [number for number in order if groups[number] not in held_out]
    validation = [number for number in order if groups[number] in held_out]
    return {"train": np.array(train, np.int64), "validation": np.array(validation, np.int64)}


def _write_shards(directory: Path, split: str, rows: Rows, numbers: NDArray[np.int64], shard_rows: int) -> None:
    """Write a split as Parquet files of nearly equal size, named the way `datasets` names them."""
    import numpy as np
    import pyarrow.parquet as pq

    shards = [shard for shard in np.array_split(numbers, max(1, -(-len(numbers) // shard_rows))) if len(shard)]
    for number, shard in enumerate(shards):
        file = directory / f"{split}-{number:05}-of-{len(shards):05}.parquet"
        pq.write_table(rows.take(shard).combine_chunks(), file, compression="zstd")


def _write_rejects(file: Path, result: BuildResult) -> None:
    """Write every malformed part of a raw file, then the samples of rejected records, as JSON lines."""
    lines: list[dict[str, Any]] = [
        {"source": source, **asdict(part)} for source, parts in result.malformed.items() for part in parts
    ]
    lines += [{**asdict(reject), "sample": reject.sample[:_SAMPLE_CHARACTERS]} for reject in result.rejects.samples]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    file.write_text(text, encoding="utf-8")


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
    if teacher := stats.get("teacher"):
        models = sorted({answers["teacher_model"] for table in teacher["tables"] for answers in table["answers"]})
        lines += ["", f"Answers of {', '.join(models)} went into {teacher['rows']} rows ({teacher['share']:.1%})."]
    return "\n".join(lines) + "\n"
