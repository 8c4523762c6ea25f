"""What all plots share: their margins, axes and legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LINE = "rgba(128, 137, 149, 0.35)"  # of axes and grids, on light and on dark
Options = dict[str, Any]


def plot(x: Mapping[str, Any], y: Mapping[str, Any], series: Sequence[Mapping[str, Any]], **others: Any) -> Options:
    """A plot with two axes, whose labels stay inside at any width."""
    return {
        "grid": {"left": 12, "right": 20, "top": 36, "bottom": 28, "containLabel": True},
        "tooltip": {"confine": True},
        "xAxis": dict(x),
        "yAxis": dict(y),
        "series": [dict(entry) for entry in series],
    } | others


def numbers(name: str, *, logarithmic: bool = False, across: bool = False, **others: Any) -> Options:
    """An axis of numbers, as narrow as its values; a horizontal one (`across`) has its name below."""
    place = {"nameLocation": "middle", "nameGap": 26} if across else {"nameTextStyle": {"align": "left"}}
    return {
        "type": "log" if logarithmic else "value",
        "name": name,
        "scale": True,
        "axisLine": {"show": True, "lineStyle": {"color": LINE}},
        "splitLine": {"lineStyle": {"color": LINE}},
        **place,
    } | others


def names(values: Sequence[str], **others: Any) -> Options:
    """An axis of names."""
    return {
        "type": "category",
        "data": list(values),
        "axisLine": {"lineStyle": {"color": LINE}},
        "axisTick": {"show": False},
    } | others


def legend(count: int) -> Options:
    """The legend of several series; of one there is none."""
    return {"legend": {"type": "scroll", "top": 0, "left": 0}} if count > 1 else {}
