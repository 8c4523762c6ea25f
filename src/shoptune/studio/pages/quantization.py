"""Quantization: the score budget, the error per layer, parity gates, calibration and grids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from shoptune.report.budget import Step
from shoptune.report.collect import Difference
from shoptune.report.parity import Gate
from shoptune.studio.address import Address
from shoptune.studio.charts import chart, chart_with_table
from shoptune.studio.page import Page
from shoptune.studio.parts.four_bit import layers_section
from shoptune.studio.plots.intervals import Bar, bar_options, bars_height
from shoptune.studio.reading.quantization import (
    Calibrated,
    QuantizationGrid,
    budget,
    calibrations,
    gates,
    grids,
    quantized,
)
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import SERIES, card, nothing_yet, quiet, table


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    steps = await asyncio.to_thread(budget, run)
    layers, passed = quantized(run), gates(run)
    sets, found = calibrations(run), grids(run)
    if not (steps or layers or passed or sets or found):
        nothing_yet("Nothing has been quantized in this run: shoptune quantize QUANTIZE.yaml --out RUN/awq")
        return
    if steps:
        _budget(steps)
    if layers:
        layers_section(layers, address)
    for gate in passed:
        _gate(gate)
    for calibrated in sets:
        _calibration(calibrated)
    for grid in found:
        _grid(grid)


def _budget(steps: Sequence[Step]) -> None:
    compared = [(step, step.difference) for step in steps if step.difference]
    with card("Score budget"):
        bars = [Bar(f"{step.name} ({step.kind})", found.mean, found.low, found.high) for step, found in compared]
        label = "Differences from the step before, with 95% intervals; the table below has the same figures"
        chart(bar_options(bars, "difference", SERIES[0], baseline=0.0), label, height=bars_height(len(bars)))
        rows = [
            [
                step.name,
                step.kind,
                "; ".join(f"{name.replace('_', ' ')} {_signed(found)}" for name, found in step.losses.items()) or "-",
                step.against or "-",
                f"{step.score:.3f}",
                f"{step.questions}",
                _signed(step.difference) if step.difference else "-",
            ]
            for step in steps
        ]
        columns = ["Scores", "Model", "Task types that lose", "Compared with", "Score", "Questions", "Difference"]
        table(columns, rows, caption="Score budget", numbers=3)
        quiet(
            "Differences are paired by question; a task type loses if its whole 95% interval is below 0. Only "
            "predictions with the same prompts, constraints and questions are included."
        )


def _gate(gate: Gate) -> None:
    with card(f"Parity: {gate.name}"):
        columns = ["Form", "Result", "Mean KL", "Largest KL", "Same top token", "Limits"]
        rows = [[gate.reference, "reference", "-", "-", "-", "-"]]
        rows += [
            [
                str(form["name"]),
                "passes" if form["passes"] else "does not pass",
                f"{form['mean_kl']:.2g}",
                f"{form['max_kl']:.2g}",
                f"{form['top1']:.1%}",
                f"{form['max_mean_kl']:g}, {form['min_top1']:.0%}",
            ]
            for form in gate.forms
        ]
        table(columns, rows, caption=f"Parity of {gate.name}", numbers=4)
        quiet(f"KL divergence in nats per token, on {gate.compared}.")


def _calibration(found: Calibrated) -> None:
    with card(f"Calibration: {found.name}"):
        ui.label(f"{found.samples} samples in {found.blocks} blocks of {found.block_length} tokens")
        rows = [[kind.replace("_", " "), f"{count:,}"] for kind, count in found.tokens.items()]
        bars = [Bar(kind.replace("_", " "), count, 0, count) for kind, count in found.tokens.items()]
        label = f"Calibration tokens by task type: {found.name}"
        options = bar_options(bars, "tokens", SERIES[2])
        chart_with_table(options, label, ["Task type", "Tokens"], rows, height=bars_height(len(bars)))


def _grid(grid: QuantizationGrid) -> None:
    with card(f"Grid: {grid.name}"):
        ui.label(grid.verdict)
        kinds = list(grid.points[0].by_task_type) if grid.points else []
        rows = [
            [
                point.name,
                f"{point.score:.4f}",
                f"{point.low:.3f} to {point.high:.3f}",
                _signed(Difference(*point.against, questions=0)) if point.against else "-",
                *(f"{point.by_task_type[kind]:.3f}" for kind in kinds),
            ]
            for point in grid.points
        ]
        bars = [Bar(point.name, point.score, point.low, point.high) for point in grid.points]
        baseline = next((point.score for point in grid.points if point.against is None), None)
        columns = ["Point", "Score", "95% interval", "Against 16 bits", *(kind.replace("_", " ") for kind in kinds)]
        label = f"Scores of the points of {grid.name}, with 95% intervals"
        options = bar_options(bars, "score", SERIES[0], baseline=baseline)
        chart_with_table(options, label, columns, rows, height=bars_height(len(bars)))


def _signed(found: Difference) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


PAGE = Page("/quantization", "Quantization", "compress", 6, build)
