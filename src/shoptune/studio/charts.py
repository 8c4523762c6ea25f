"""Charts with ECharts: a chart, and the same figures as a table for those who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from shoptune.studio.theme import PLOT_TEXT, SERIES, table

_AXIS = {"axisLabel": {"color": PLOT_TEXT}, "nameTextStyle": {"color": PLOT_TEXT}}
_TEXT = {"textStyle": {"color": PLOT_TEXT}}
_LOOK = {
    "categoryAxis": _AXIS, "valueAxis": _AXIS, "logAxis": _AXIS, "timeAxis": _AXIS, "legend": _TEXT, "visualMap": _TEXT,
}  # fmt: skip


def chart(options: Mapping[str, Any], label: str, *, height: int = 320) -> ui.echart:
    """Add a chart and return it. It is drawn as SVG, whose text the style sheet gives the color of the theme.

    Args:
        options: the options of ECharts. Text comes from `name` and `data`, never from HTML formatters.
        label: what the chart shows, read by screen readers.
        height: in pixels.
    """
    described = {"enabled": True, "label": {"description": label}}  # else ECharts replaces the label by its own
    every: dict[str, Any] = {"color": list(SERIES), "animation": False, "aria": described} | dict(options)
    if "tooltip" in every:
        every["tooltip"] = {"confine": True, **every["tooltip"], "renderMode": "richText"}  # text, not HTML
    made = ui.echart(every, renderer="svg", theme=_LOOK)
    made.classes("w-full").style(f"height: {height}px; width: 100%").props('role="img"')
    made.props["aria-label"] = label
    return made


def chart_with_table(
    options: Mapping[str, Any], label: str, columns: list[str], rows: list[list[str]], *, height: int = 320
) -> ui.echart:
    """Add a chart and, below it, a closed section with its figures as a table; all but the first column are numbers."""
    made = chart(options, label, height=height)
    with ui.element("details"):
        with ui.element("summary"):
            ui.label("Show as a table").style("display: inline")
        table(columns, rows, caption=label, numbers=len(columns) - 1)
    return made
