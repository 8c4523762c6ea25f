"""Points with intervals: scores over alpha, weights or trials, and lists of differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shoptune.studio.plots.axes import LINE, Options, legend, limits, names, numbers, plot

_POINT, _CHOSEN = 8, 16
_ROW = 34  # pixels
SCORES = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"]  # viridis, from low to high


@dataclass(frozen=True)
class Measured:
    """A point with an interval; `number` identifies it when it is clicked."""

    number: int
    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """Points with intervals.

    Attributes:
        name: shown in the legend.
        color: as CSS.
        points: in the order of x.
    """

    name: str
    color: str
    points: Sequence[Measured]


@dataclass(frozen=True)
class Bar:
    """A named value with its interval; without one, both ends are the value."""

    name: str
    value: float
    low: float
    high: float


def interval_options(series: Sequence[Series], x: str, y: str, *, joined: bool, chosen: int | None = None) -> Options:
    """Points with vertical intervals.

    A point's `data` is `[x, y, low, high, number]`, from which a click identifies it.

    Args:
        series: the points, by group of questions.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        joined: whether a line joins the points of a series.
        chosen: the number of the point to draw larger.
    """
    drawn: list[Options] = []
    for entry in series:
        data = [
            {
                "value": [*(_round(end) for end in (point.x, point.y, point.low, point.high)), point.number],
                "symbolSize": _CHOSEN if point.number == chosen else _POINT,
            }
            for point in entry.points
        ]
        style = {"color": entry.color}
        drawn += [
            _intervals(entry.name, entry.color, [[[p.x, p.low], [p.x, p.high]] for p in entry.points]),
            {
                "type": "line" if joined else "scatter",
                "name": entry.name,
                "data": data,
                "dimensions": [x, y, "interval from", "to", "number"],
                "encode": {"x": 0, "y": 1, "tooltip": [0, 1, 2, 3]},
                "symbol": "circle",
                "itemStyle": style,
                "lineStyle": style | {"width": 2},
                "z": 3,
            },
        ]
    ends = [end for entry in series for point in entry.points for end in (point.low, point.high, point.y)]
    return plot(numbers(x, across=True), numbers(y, **limits(ends)), drawn, **legend(len(series)))


def bar_options(bars: Sequence[Bar], x: str, color: str, *, baseline: float | None = None) -> Options:
    """Named points with horizontal intervals, the first at the top.

    Args:
        bars: the points.
        x: name of the horizontal axis.
        color: as CSS.
        baseline: where to draw a vertical line.
    """
    intervals = [[[bar.low, number], [bar.high, number]] for number, bar in enumerate(bars)]
    points: Options = {
        "type": "scatter",
        "name": x,
        "data": [[bar.value, number] for number, bar in enumerate(bars)],
        "symbolSize": _POINT + 2,
        "itemStyle": {"color": color},
        "z": 3,
    }
    if baseline is not None:
        line = {"type": "dashed", "color": "#808995"}
        points["markLine"] = {
            "symbol": "none",
            "silent": True,
            "label": {"show": False},
            "lineStyle": line,
            "data": [{"xAxis": baseline}],
        }
    y = names([bar.name for bar in bars], inverse=True, splitLine={"show": True, "lineStyle": {"color": LINE}})
    y["axisLabel"] = {"width": 140, "overflow": "truncate"}
    ends = [end for bar in bars for end in (bar.low, bar.high, bar.value)]
    ends += [] if baseline is None else [baseline]
    return plot(numbers(x, across=True, **limits(ends)), y, [_intervals(x, color, intervals), points])


def bars_height(count: int) -> int:
    """The height of a plot of `bar_options`, in pixels."""
    return 80 + _ROW * count


def weight_options(points: Sequence[Measured], scores: Sequence[float], x: str, y: str, chosen: int | None) -> Options:
    """Points of a search, colored by score.

    Args:
        points: their places; the intervals are not drawn.
        scores: in the same order.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        chosen: the number of the point to draw larger.
    """
    data = [
        {
            "value": [point.x, point.y, _round(score), point.number],
            "symbolSize": _CHOSEN + 4 if point.number == chosen else _POINT + 4,
        }
        for point, score in zip(points, scores, strict=True)
    ]
    return plot(
        numbers(x, across=True),
        numbers(y),
        [
            {
                "type": "scatter",
                "name": "score",
                "data": data,
                "dimensions": [x, y, "score", "number"],
                "encode": {"x": 0, "y": 1, "tooltip": [0, 1, 2]},
                "itemStyle": {"borderColor": "#808995", "borderWidth": 1},
            }
        ],
        legend={"show": False},
        visualMap=scale(min(scores), max(scores), SCORES, dimension=2),
    )


def scale(low: float, high: float, colors: Sequence[str], **others: object) -> Options:
    """The scale of colors, on top of a plot. Equal ends are moved apart, since a scale has a length."""
    if low == high:
        low, high = low - 1e-9, high + 1e-9
    return {
        "min": low,
        "max": high,
        "calculable": False,
        "hoverLink": False,
        "text": [f"{high:.4g}", f"{low:.4g}"],
        "orient": "horizontal",
        "left": 0,
        "top": 0,
        "itemHeight": 110,
        "itemWidth": 12,
        "inRange": {"color": list(colors)},
    } | others


def _round(value: float) -> float:
    return round(value, 4)


def _intervals(name: str, color: str, ends: Sequence[Sequence[Sequence[float]]]) -> Options:
    return {
        "type": "lines",
        "coordinateSystem": "cartesian2d",
        "name": name,
        "data": [{"coords": [list(end) for end in pair]} for pair in ends],
        "lineStyle": {"color": color, "width": 2, "opacity": 0.45},
        "silent": True,
        "tooltip": {"show": False},
    }
