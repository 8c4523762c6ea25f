"""The mix of a build's rows, and what was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from shoptune.report.collect import BASE
from shoptune.studio.address import Address
from shoptune.studio.background import in_thread
from shoptune.studio.charts import chart_with_table
from shoptune.studio.parts.paging import pager
from shoptune.studio.reading.rows import PAGE_SAMPLES, baselines, dropped_samples, drops_of, statistics_of
from shoptune.studio.run_folder import Artifact, RunFolder
from shoptune.studio.selection import Selection
from shoptune.studio.texts import count
from shoptune.studio.theme import card, nothing_yet, quiet, table

_GROUPS = {"by_source": "Source", "by_language": "Language", "by_task_type": "Task type", "by_split": "Split"}
_BAR_HEIGHT, _MARGIN_HEIGHT = 20, 60  # pixels


def mix(run: RunFolder, chosen: Artifact) -> None:
    """Show the rows per task, per group, and what simple answers score on each task."""
    statistics = statistics_of(run, chosen)
    if not statistics:
        nothing_yet(f"{chosen.name} has no statistics.")
        return
    tasks = {name: counts["made"] for name, counts in statistics["by_task"].items()}
    with card("Rows per task"):
        _bars(tasks, "Rows per task", "task")
    with ui.element("div").classes("studio-grid"):
        for key, title in _GROUPS.items():
            with card(f"Rows per {title.lower()}"):
                _bars(statistics.get(key, {}), f"Rows per {title.lower()}", title.lower())
    with card("Baselines per task"):
        quiet(
            "Word overlap is the score of choosing the options that share most words with the question. "
            "The base is scored on the questions that a task is like."
        )
        collected = run.collected()
        scores = collected.scores.get(BASE, {}) if collected else {}
        rows = baselines(statistics, chosen, scores)
        columns = ["task", "rows", "word overlap", "like", "base"]
        table(columns, rows, caption="Baselines per task", numbers=4)


def bar_options(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the options of a chart with a horizontal bar per entry, the greatest at the top."""
    ordered = sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return {
        "grid": {"left": 8, "right": 48, "top": 8, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "data": [name for name, _ in ordered],
            "axisTick": {"show": False},
            "axisLabel": {"width": 200, "overflow": "truncate", "color": "#808995"},
        },
        "tooltip": {"trigger": "item"},
        "series": [
            {
                "type": "bar",
                "data": [count for _, count in ordered],
                "barMaxWidth": 16,
                "label": {"show": True, "position": "right", "color": "#808995"},
            }
        ],
    }


def _bars(counts: Mapping[str, int], label: str, column: str) -> None:
    rows = [[name, f"{rows:,}"] for name, rows in sorted(counts.items(), key=lambda pair: -pair[1])]
    height = _MARGIN_HEIGHT + _BAR_HEIGHT * len(rows)
    chart_with_table(bar_options(counts), label, [column, "rows"], rows, height=height)


async def dropped(run: RunFolder, chosen: Artifact, address: Address) -> None:
    """Show how many records were dropped and why, and samples of them."""
    statistics = statistics_of(run, chosen)
    with ui.element("div").classes("studio-grid"):
        with card("Dropped by filter"):
            filters = [
                [key, "off" if number is None else f"{number:,}"]
                for key, number in statistics.get("filters", {}).items()
            ]
            table(["filter", "dropped"], filters, caption="Dropped by filter", numbers=1)
        with card("Dropped by reason"):
            reasons = [[task, reason, f"{number:,}"] for _, task, reason, number in drops_of(statistics)]
            table(["task", "reason", "records"], reasons, caption="Dropped by reason", numbers=1)

    @ui.refreshable
    async def samples() -> None:
        number = address.number("page", 1, low=1)
        page = await in_thread(dropped_samples, run, chosen, address.get("task_name"), number)
        pager(page.total, number, PAGE_SAMPLES, Selection(address, samples.refresh), noun="sample")
        for line in page.rows:
            with ui.element("article").classes("studio-card"):
                quiet(f"{line['task']} · {line['source']}")
                ui.label(str(line["reason"])).classes("studio-warn")
                ui.label(str(line["sample"])).classes("studio-mono studio-text")

    with card("Samples of dropped records"):
        quiet(f"{count(len(drops_of(statistics)), 'reason')} in all; a build keeps a few records of each.")
        await samples()
