"""Counts of what a build made and dropped."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shoptune.data.build_result import BuildResult, Rows
from shoptune.data.filters.length import LengthLimit
from shoptune.data.filters.reasons import dropped_by_filter
from shoptune.data.mixture import Mixture
from shoptune.data.write.shortfalls import ENOUGH
from shoptune.shopbench.vocabulary import TaskType

if TYPE_CHECKING:
    import pyarrow as pa

_COUNTED = ("source", "task_type", "track", "language")
_MEASURED_ROWS = 1000  # randomly chosen rows whose length is measured
_BINS = 24


def statistics(result: BuildResult, splits: Mapping[str, int], length: LengthLimit, mixture: Mixture) -> dict[str, Any]:
    """Counts of rows, of answers by position, of lengths, and of what was dropped by filter and by reason."""
    import pyarrow.compute as pc

    rows = result.rows.table()
    counts = result.rows.by_task()
    choices = rows.select(["task_type", "output_field"]).filter(pc.field("task_type") == TaskType.MULTIPLE_CHOICE.value)
    return {
        "rows": rows.num_rows,
        "by_split": dict(splits),
        **{f"by_{name}": _counts(rows, name) for name in _COUNTED},
        "by_task": {name: {"wanted": wanted, "made": counts[name]} for name, wanted in result.wanted.items()},
        "word_overlap": dict(result.word_overlap),
        "answer_positions": _counts(choices, "output_field"),
        "lengths": _lengths(result.rows, length),
        "shortfalls": result.shortfalls(ENOUGH),
        "filters": dropped_by_filter(result.rejects.counts, mixture),
        "drops": result.rejects.by_source(),
        "malformed": {
            source: sum(part.records for part in parts) for source, parts in result.malformed.items() if parts
        },
        "samples": {
            name: {field: value for field, value in asdict(sample).items() if field != "query"}
            for name, sample in result.samples.items()
        },
        "missing_partners": {source: dict(missing) for source, missing in result.missing.items() if missing},
    }


def _counts(rows: pa.Table, column: str) -> dict[str, int]:
    import pyarrow.compute as pc

    return {entry["values"]: entry["counts"] for entry in sorted(pc.value_counts(rows[column]).to_pylist(), key=str)}


def _lengths(rows: Rows, length: LengthLimit) -> dict[str, Any]:
    """A histogram of lengths: tokens of the whole chat if a tokenizer is given, else characters of the question."""
    import numpy as np

    drawn = random.Random(0).sample(range(len(rows)), min(_MEASURED_ROWS, len(rows)))
    sample = rows.take(np.array(drawn, np.int64))
    if length.tokenizer:
        chats = sample["messages"].to_pylist()
        values = [length.tokens([turn["content"] for turn in turns]) for turns in chats]
    else:
        values = [len(text) for text in sample["input_field"].to_pylist()]
    counts, edges = np.histogram(values, bins=_BINS) if values else (np.empty(0, int), np.empty(0))
    return {
        "unit": "tokens" if length.tokenizer else "characters",
        "measured_rows": len(values),
        "counts": counts.tolist(),
        "edges": [round(float(edge), 1) for edge in edges],
    }
