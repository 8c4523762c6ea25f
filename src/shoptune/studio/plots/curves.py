"""Curves over the steps of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shoptune.studio.plots.axes import Options, legend, numbers, plot

_MARKED = 60  # a curve of fewer points shows each of them


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        name: shown in the legend; curves of the same name are switched together.
        color: as CSS.
        points: as (x, y).
        is_raw: whether it is drawn faintly, behind its smoothed curve.
        is_dots: whether its points are not joined.
    """

    name: str
    color: str
    points: Sequence[tuple[float, float]]
    is_raw: bool = False
    is_dots: bool = False


def curve_options(curves: Sequence[Curve], x: str, y: str, *, logarithmic: bool = False) -> Options:
    """Curves over a common axis.

    Args:
        curves: in the order of the legend. On a logarithmic axis, values that are not positive are left out.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        logarithmic: whether the vertical axis is.
    """
    series = [_series(curve, logarithmic=logarithmic) for curve in curves]
    shown = len({curve.name for curve in curves})
    return plot(
        numbers(x, across=True, min="dataMin", max="dataMax"),
        numbers("" if shown > 1 else y, logarithmic=logarithmic),
        series,
        tooltip={"confine": True, "trigger": "axis", "axisPointer": {"type": "line"}},
        **legend(shown),
    )


def _series(curve: Curve, *, logarithmic: bool) -> Options:
    points = [[x, y] for x, y in curve.points if y > 0 or not logarithmic]
    style = {"color": curve.color, "opacity": 0.3 if curve.is_raw else 1.0}
    if curve.is_dots:
        return {"type": "scatter", "name": curve.name, "data": points, "symbolSize": 7, "itemStyle": style}
    return {
        "type": "line",
        "name": curve.name,
        "data": points,
        "showSymbol": len(points) <= _MARKED and not curve.is_raw,
        "symbolSize": 4,
        "sampling": "lttb",
        "lineStyle": style | {"width": 1 if curve.is_raw else 2},
        "itemStyle": style,
        "tooltip": {"show": not curve.is_raw},
        "z": 2 if curve.is_raw else 3,
    }
