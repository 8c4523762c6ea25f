"""Draw the scores of a sweep over alpha."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoptune.sweep.points import Estimate, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOR, _BEST = "#1f3b73", "#b5442e"
_PANELS_PER_ROW = 5
_PANEL_INCHES = (2.1, 1.9)
_STYLE = {"svg.hashsalt": "shoptune", "svg.fonttype": "none", "font.size": 8, "axes.titlesize": 8}


def draw_curve(points: Sequence[Point], best: Point, file: Path) -> None:
    """Write an SVG of the score over alpha with bootstrap intervals: overall, for each track and for each task type.

    A line joins points with equal weights; the points of a search, whose weights differ, are not joined.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    ordered = sorted(points, key=lambda point: point.candidate.alpha)
    panels = {"all questions": [point.overall for point in ordered]}
    for name in sorted(ordered[0].by_track):
        panels[name.removeprefix("amazon-kdd-cup-24-")] = [point.by_track[name] for point in ordered]
    for name in sorted(ordered[0].by_task_type):
        panels[name.replace("_", " ")] = [point.by_task_type[name] for point in ordered]
    rows = -(-len(panels) // _PANELS_PER_ROW)
    size = (_PANEL_INCHES[0] * _PANELS_PER_ROW, _PANEL_INCHES[1] * rows)
    with mpl.rc_context(_STYLE):
        figure, grid = plt.subplots(
            rows, _PANELS_PER_ROW, figsize=size, sharex=True, squeeze=False, layout="constrained"
        )
        alphas = [point.candidate.alpha for point in ordered]
        joined = len({point.candidate.weights for point in points}) == 1
        for axes, (title, estimates) in zip(grid.flat, panels.items(), strict=False):
            _draw_panel(axes, alphas, estimates, joined=joined)
            axes.set_title(title)
            axes.axvline(best.candidate.alpha, color=_BEST, linestyle=":", linewidth=1)
        for axes in list(grid.flat)[len(panels) :]:
            axes.remove()
        figure.supxlabel(f"wise-ft alpha (0: base, 1: ensemble); best {best.candidate.alpha:g}")
        figure.supylabel("score by question")
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _draw_panel(axes: Axes, alphas: Sequence[float], estimates: Sequence[Estimate], *, joined: bool) -> None:
    scores, low, high = ([getattr(estimate, key) for estimate in estimates] for key in ("score", "low", "high"))
    if joined:
        axes.fill_between(alphas, low, high, color=_COLOR, alpha=0.15, linewidth=0)
        axes.plot(alphas, scores, color=_COLOR, marker="o", markersize=3, linewidth=1.5)
    else:
        axes.vlines(alphas, low, high, color=_COLOR, alpha=0.25, linewidth=1)
        axes.plot(alphas, scores, color=_COLOR, marker="o", markersize=3, linestyle="")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
