"""Margins, axes and legends, which all plots share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LINE = "rgba(128, 137, 149, 0.35)"  # of axes and grids, on light and on dark
Options = dict[str, Any]
_TOP, _LEGEND = 30, 24  # pixels
_MARGIN = 0.05  # of the range of the values


def plot(x: Mapping[str, Any], y: Mapping[str, Any], series: Sequence[Mapping[str, Any]], **others: Any) -> Options:
    """A plot with two axes, whose labels stay inside at any width, below its legend."""
    top = _TOP + (_LEGEND if "legend" in others else 0)
    return {
        "grid": {"left": 12, "right": 24, "top": top, "bottom": 28, "containLabel": True},
        "tooltip": {"confine": True},
        "xAxis": dict(x),
        "yAxis": dict(y),
        "series": [dict(entry) for entry in series],
    } | others


def numbers(name: str, *, logarithmic: bool = False, across: bool = False, **others: Any) -> Options:
    """An axis of numbers, as narrow as its values; a horizontal one (`across`) has its name below."""
    place = {"nameLocation": "middle", "nameGap": 26} if across else {}
    return {
        "type": "log" if logarithmic else "value",
        "name": name,
        "scale": True,
        "axisLabel": {"hideOverlap": True},
        "axisLine": {"show": True, "lineStyle": {"color": LINE}},
        "splitLine": {"lineStyle": {"color": LINE}},
        "nameTextStyle": {"align": "center" if across else "left"},
        **place,
    } | others


def limits(values: Sequence[float]) -> Options:
    """The ends of an axis that shows all values, with a margin; 0 is an end if a value is 0 and none is below."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
    start = 0 if low == 0 else _rounded(low - margin)
    labels = {"hideOverlap": True, "showMinLabel": start == 0, "showMaxLabel": False}
    return {"min": start, "max": _rounded(high + margin), "axisLabel": labels}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


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
