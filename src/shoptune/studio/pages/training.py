"""Training: the curves of one or several adapters, their modules, and answers before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from nicegui import ui

from shoptune.studio.address import Address, join
from shoptune.studio.charts import chart_with_table
from shoptune.studio.page import Page
from shoptune.studio.parts.samples import sample_answers
from shoptune.studio.plots.curves import Curve, curve_options
from shoptune.studio.reading.training import (
    AXES,
    MEASURES,
    Training,
    by_kind,
    is_adapter,
    modules_of,
    smoothed,
    trainings,
)
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import SERIES, card, nothing_yet, problems_shown, quiet, table

_SCALES = {"linear": "Linear", "log": "Logarithmic"}
_SMOOTHING = {"0": "None", "60": "Some", "90": "Strong"}  # percent of the average that each point keeps
_SMOOTHED = {"loss", "grad_norm", "tokens_per_second"}
_SECONDS_BETWEEN_REFRESHES = 5.0
_ROWS = 60  # of the table below a plot; longer curves are thinned


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    found = await asyncio.to_thread(trainings, run)
    if not found:
        nothing_yet("No model has been trained in this run. To train one: shoptune train CONFIG.yaml --out RUN/adapter")
        return
    names = [training.name for training in found]
    chosen = [name for name in address.several("models") if name in names] or names

    @ui.refreshable
    def plots() -> None:
        _plots(trainings(run), address)

    def change(**values: str) -> None:
        address.replace(**values)
        plots.refresh()

    _controls(names, chosen, address, change)
    plots()
    if any(training.seconds is None for training in found):
        ui.timer(_SECONDS_BETWEEN_REFRESHES, plots.refresh)
    await _modules(found)
    await sample_answers(run, [training.name for training in found if is_adapter(training)], address)


def _controls(names: list[str], chosen: list[str], address: Address, change: Callable[..., None]) -> None:
    with card("What to show"), ui.row().classes("items-end"):
        ui.select(
            names,
            value=chosen,
            multiple=True,
            label="Models",
            on_change=lambda event: change(models=join(event.value)),
        ).props("use-chips").style("min-width: min(100%, 260px)")
        for name, label, options, default in (
            ("x", "Horizontal axis", AXES, "step"),
            ("scale", "Scale of the loss", _SCALES, "linear"),
            ("smooth", "Smoothing", _SMOOTHING, "0"),
        ):
            ui.select(
                options,
                value=address.choice(name, options, default),
                label=label,
                on_change=lambda event, name=name: change(**{name: event.value}),
            ).style("min-width: 150px")


def _plots(found: Sequence[Training], address: Address) -> None:
    wanted = address.several("models")
    colors = {training.name: SERIES[number % len(SERIES)] for number, training in enumerate(found)}
    shown = [training for training in found if not wanted or training.name in wanted] or list(found)
    axis = address.choice("x", AXES, "step")
    weight = int(address.choice("smooth", _SMOOTHING, "0")) / 100
    with card("Trainings"):
        _summary(shown)
    with ui.element("div").classes("studio-grid"):
        for measure, label in MEASURES.items():
            logarithmic = measure in {"loss", "eval_loss"} and address.get("scale") == "log"
            curves = [
                curve
                for training in shown
                for curve in _curves(training, measure, axis, weight if measure in _SMOOTHED else 0.0, colors)
            ]
            if curves:
                with card(label):
                    options = curve_options(curves, AXES[axis], label, logarithmic=logarithmic)
                    title = f"{label} over {AXES[axis].lower()}s of {', '.join(training.name for training in shown)}"
                    chart_with_table(options, title, ["Model", AXES[axis], label], _rows(shown, measure, axis))
    if not any(training.curve("tokens_per_second") for training in shown):
        quiet("These trainings recorded no speed over their steps; trainings from now on do.")


def _curves(training: Training, measure: str, axis: str, weight: float, colors: dict[str, str]) -> list[Curve]:
    """The curve of a measure; if it is smoothed, also what was logged, faintly behind it."""
    points, color = training.curve(measure, axis), colors[training.name]
    if not points:
        return []
    raw = Curve(training.name, color, points, is_raw=weight > 0, is_dots=measure == "eval_loss" and len(points) == 1)
    return [Curve(training.name, color, smoothed(points, weight)), raw] if weight else [raw]


def _rows(shown: Sequence[Training], measure: str, axis: str) -> list[list[str]]:
    rows = []
    for training in shown:
        points = training.curve(measure, axis)
        step = -(-len(points) // _ROWS) or 1
        rows += [[training.name, f"{x:,.6g}", f"{y:.5g}"] for x, y in points[::step]]
    return rows


def _summary(shown: Sequence[Training]) -> None:
    columns = ["Model", "Base", "Kind", "State", "Rank", "Alpha", "Learning rate", "Last loss", "Tokens", "Tokens/s"]
    rows = [
        [
            training.name,
            str(training.config.get("base_model", "")),
            str(training.config.get("adapter") or "full"),
            _state(training),
            *(str(training.config.get(key, "-")) for key in ("lora_r", "lora_alpha", "learning_rate")),
            _number(training.last.get("loss"), ".4g"),
            _number(training.last.get("tokens"), ",.0f"),
            _number(training.tokens_per_second, ",.0f"),
        ]
        for training in shown
    ]
    table(columns, rows, caption="Trainings", numbers=6)
    quiet("Tokens include padding. Tokens/s: all tokens over the time of the whole stage, start-up included.")


def _state(training: Training) -> str:
    if training.seconds is not None:
        return f"finished in {training.seconds:,.0f} s"
    progress = training.progress
    return f"step {progress['step']} of {progress['steps']}" if progress else "starting"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


async def _modules(found: Sequence[Training]) -> None:
    adapters = [training for training in found if is_adapter(training)]
    if not adapters:
        return
    with card("Trainable modules"), ui.element("div").classes("studio-grid"):
        for training in adapters:
            with ui.element("div"), problems_shown():
                kinds = by_kind(await asyncio.to_thread(modules_of, training.folder))
                total = sum(kind.parameters for kind in kinds)
                modules = sum(kind.modules for kind in kinds)
                ui.label(f"{training.name}: {total:,} parameters in {modules} modules").classes("text-weight-bold")
                rows = [
                    [
                        kind.kind,
                        f"{kind.modules}",
                        ", ".join(map(str, kind.ranks)),
                        ", ".join(f"{rows} x {columns}" for rows, columns in kind.shapes),
                        f"{kind.parameters:,}",
                        f"{kind.parameters / total:.1%}",
                    ]
                    for kind in kinds
                ]
                columns = ["Module", "Modules", "Rank", "Weight", "Parameters", "Share"]
                table(columns, rows, caption=f"Trainable modules of {training.name}", numbers=5)


PAGE = Page("/training", "Training", "show_chart", 3, build)
