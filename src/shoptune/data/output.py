"""What a build leaves on disk: Parquet shards, statistics, rejects and a dataset card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shoptune.data.partition import Reject
from shoptune.shopbench.answers import answer_text
from shoptune.shopbench.rows import SCHEMA, Row
from shoptune.shopbench.vocabulary import TaskType

STATS = "stats.json"
REJECTS = "rejects.jsonl"
_SAMPLES_OF_A_REASON = 20


def write_rows(directory: Path, splits: Mapping[str, Sequence[Row]]) -> None:
    """Write each split that has rows as a Parquet shard that `datasets` and axolotl read."""
    for split, rows in splits.items():
        if rows:
            table = pa.Table.from_pylist([row.to_dict() for row in rows], schema=SCHEMA)
            pq.write_table(table, directory / f"{split}-00000-of-00001.parquet", compression="zstd")


def statistics(
    splits: Mapping[str, Sequence[Row]], rejects: Sequence[Reject], wanted: Mapping[str, int]
) -> dict[str, Any]:
    """Counts of rows by what they are, of answers by position, and of rejects by reason."""
    rows = [row for members in splits.values() for row in members]
    questions = [row.question for row in rows]
    choices = [answer_text(q.task_type, q.output_field) for q in questions if q.task_type is TaskType.MULTIPLE_CHOICE]
    made = Counter(question.task_name for question in questions)
    drops: dict[str, dict[str, dict[str, int]]] = {}
    for reject in rejects:
        reasons = drops.setdefault(reject.source, {}).setdefault(reject.task, {})
        reasons[reject.reason] = reasons.get(reject.reason, 0) + 1
    return {
        "rows": len(rows),
        "by_split": {split: len(members) for split, members in splits.items()},
        "by_source": _counts(row.source for row in rows),
        "by_task": {name: {"wanted": count, "made": made[name]} for name, count in wanted.items()},
        "by_task_type": _counts(question.task_type.value for question in questions),
        "by_track": _counts(question.track.value for question in questions),
        "by_language": _counts(row.language for row in rows),
        "answer_positions": _counts(choices),
        "drops": drops,
    }


def write_reports(directory: Path, stats: Mapping[str, Any], rejects: Sequence[Reject]) -> None:
    """Write the statistics, a sample of the rejects for each reason, and the dataset card."""
    (directory / STATS).write_text(json.dumps(stats, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    shown: Counter[tuple[str, str]] = Counter()
    lines = []
    for reject in rejects:
        shown[reject.task, reject.reason] += 1
        if shown[reject.task, reject.reason] <= _SAMPLES_OF_A_REASON:
            lines.append(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
    (directory / REJECTS).write_text("".join(lines), encoding="utf-8")
    (directory / "README.md").write_text(_card(stats), encoding="utf-8")


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
        f"{stats['rows']} rows made by `shoptune data build`; manifest.json holds the mixture and its recipes whole.",
        "",
        "| task | rows |",
        "|---|---|",
        *[f"| {name} | {counts['made']} |" for name, counts in stats["by_task"].items()],
    ]
    return "\n".join(lines) + "\n"


def _counts(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
