"""Draw the scores of a sweep over alpha."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shoptune.sweep.points import Point, best_point


def draw_curve(points: Sequence[Point], file: Path) -> None:
    """Write an SVG: the overall score with its bootstrap interval, and each task type's score, over alpha."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    ordered = sorted(points, key=lambda point: point.alpha)
    alphas = [point.alpha for point in ordered]
    best = best_point(points)
    with mpl.rc_context({"svg.hashsalt": "shoptune", "svg.fonttype": "none", "font.size": 10}):
        figure, axes = plt.subplots(figsize=(7.5, 4), layout="constrained")
        for name in sorted(ordered[0].by_task_type):
            scores = [point.by_task_type[name] for point in ordered]
            axes.plot(alphas, scores, linewidth=1, alpha=0.55, label=name.replace("_", " "))
        low, high = [point.interval[0] for point in ordered], [point.interval[1] for point in ordered]
        axes.fill_between(alphas, low, high, color="#1f3b73", alpha=0.15, linewidth=0)
        axes.plot(alphas, [point.score for point in ordered], color="#1f3b73", marker="o", linewidth=2.2, label="all")
        axes.axvline(best.alpha, color="#b5442e", linestyle=":", linewidth=1.2)
        axes.annotate(
            f"best {best.alpha:g}",
            (best.alpha, 0.99),
            xycoords=("data", "axes fraction"),
            ha="left",
            va="top",
            color="#b5442e",
            xytext=(4, 0),
            textcoords="offset points",
        )
        axes.set(xlabel="wise-ft alpha (0: base, 1: fine-tuned ensemble)", ylabel="score by question", ylim=(0, 1))
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right center", frameon=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
