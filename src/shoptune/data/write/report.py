"""A self-contained HTML report of a build: counts, lengths, what was dropped, and sample rows of every task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shoptune.data.build_result import Rows

_SAMPLES_PER_TASK = 10


@dataclass(frozen=True)
class Sample:
    """A row the way it is trained on: the masked part, and the part that the loss is computed on."""

    masked: str
    trained: str


def render_report(stats: Mapping[str, Any], rows: Rows) -> str:
    """The report as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("shoptune.data.write"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    groups = [(name, stats[f"by_{name}"]) for name in ("source", "task_type", "track", "language")]
    dropped = {task: sum(reasons.values()) for tasks in stats["drops"].values() for task, reasons in tasks.items()}
    return environment.get_template("report.html.jinja").render(
        stats=stats,
        groups=[*groups, ("right option of multiple-choice questions", stats["answer_positions"])],
        dropped=dropped,
        reasons=list(_reasons(stats["drops"])),
        bins=list(_bins(stats["lengths"])),
        samples=_samples(rows),
    )


def _reasons(drops: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Iterator[tuple[str, str, str, int]]:
    for source, tasks in drops.items():
        for task, reasons in tasks.items():
            for reason, count in reasons.items():
                yield source, task, reason, count


def _bins(lengths: Mapping[str, Any]) -> Iterator[tuple[float, float, int]]:
    """The bounds of each bar of the histogram, and its number of rows."""
    edges = lengths["edges"]
    yield from zip(edges, edges[1:], lengths["counts"], strict=False)


def _samples(rows: Rows) -> Mapping[str, list[Sample]]:
    """The first rows of every task."""
    samples: dict[str, list[Sample]] = {}
    for part in rows.parts:
        if part.num_rows:
            shown = samples.setdefault(part["task_name"][0].as_py(), [])
            shown += map(as_trained, part.slice(0, _SAMPLES_PER_TASK - len(shown))["messages"].to_pylist())
    return samples


def as_trained(messages: list[Mapping[str, str]]) -> Sample:
    """A chat as ChatML: everything before the answer, and the answer with its end token."""
    asked = "".join(f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in messages[:-1])
    return Sample(f"{asked}<|im_start|>assistant\n", f"{messages[-1]['content']}<|im_end|>")
