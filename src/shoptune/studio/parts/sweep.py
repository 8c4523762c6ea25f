"""The points of a sweep as a plot and a table, and the point that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

from nicegui import ui

from shoptune.studio.address import Address, join
from shoptune.studio.charts import chart
from shoptune.studio.parts.choices import choice
from shoptune.studio.plots.intervals import Measured, Series, interval_options, weight_options
from shoptune.studio.reading.sweep import Sweep
from shoptune.studio.theme import SERIES, card, heading, quiet, table

_TRIAL = "trial"
_NUMBER = 4  # where a point's number is in what a click on the plot gives
_NUMBER_OF_WEIGHTS = 3


def sweep_section(found: Sequence[Sweep], address: Address) -> None:
    """Add the section. The sweep, the groups of questions, the axis and the chosen point are in the address."""
    names = {sweep.name: sweep.name for sweep in found}

    @ui.refreshable
    def section() -> None:
        name = address.choice("sweep", names, found[-1].name)
        _sweep(next(sweep for sweep in found if sweep.name == name), address)

    def another() -> None:
        address.replace(point="", axis="")
        section.refresh()

    with card("Sweep"):
        if len(found) > 1:
            with ui.row():
                choice(address, "sweep", "Sweep", names, another, found[-1].name)
        section()


def _sweep(sweep: Sweep, address: Address) -> None:
    ui.label(sweep.verdict)

    @ui.refreshable
    def parts() -> None:
        with ui.element("div").classes("studio-grid"):
            with ui.element("div"):
                _curve(sweep, address, choose)
            if sweep.searched:
                with ui.element("div"):
                    _weights(sweep, address, choose)
        _point(sweep, _chosen(sweep, address))
        _points(sweep, address, choose)

    def choose(number: int) -> None:
        address.replace(point=str(number))
        parts.refresh()

    def groups(values: list[str]) -> None:
        address.replace(groups=join(values))
        parts.refresh()

    with ui.row().classes("items-end"):
        ui.select(
            sweep.groups, value=_groups(sweep, address), multiple=True, label="Scores of",
            on_change=lambda event: groups(event.value),
        ).props("use-chips").style("min-width: min(100%, 260px)")  # fmt: skip
        choice(address, "axis", "Horizontal axis", _axes(sweep), parts.refresh, "alpha")
    parts()


def _chosen(sweep: Sweep, address: Address) -> int:
    return address.number("point", sweep.best, 0, len(sweep.points) - 1)


def _groups(sweep: Sweep, address: Address) -> list[str]:
    return [group for group in address.several("groups") if group in sweep.groups] or ["all"]


def _axes(sweep: Sweep) -> dict[str, str]:
    weights = (
        {f"weight-{number}": f"weight of {PurePath(path).name}" for number, path in enumerate(sweep.adapters)}
        if sweep.searched
        else {}
    )
    return {"alpha": "wise-ft alpha"} | weights | {_TRIAL: "order of scoring"}


def _x(sweep: Sweep, number: int, axis: str) -> float:
    candidate = sweep.points[number].candidate
    if axis == _TRIAL:
        return float(number + 1)
    return candidate.weights[int(axis.removeprefix("weight-"))] if axis != "alpha" else candidate.alpha


def _curve(sweep: Sweep, address: Address, choose: Callable[[int], None]) -> None:
    axis = address.choice("axis", _axes(sweep), "alpha")
    order = sorted(range(len(sweep.points)), key=lambda number: _x(sweep, number, axis))
    series = []
    for place, group in enumerate(_groups(sweep, address)):
        points = []
        for number in order:
            estimate = sweep.estimate(number, group)
            points.append(Measured(number, _x(sweep, number, axis), estimate.score, estimate.low, estimate.high))
        series.append(Series(sweep.groups[group], SERIES[place % len(SERIES)], points))
    chosen = _chosen(sweep, address)
    options = interval_options(series, _axes(sweep)[axis], "score", joined=not sweep.searched, chosen=chosen)
    made = chart(options, f"Score over {_axes(sweep)[axis]}, with 95% intervals; the table below has the same points")
    made.on_point_click(lambda event: choose(int(_values(event.data)[_NUMBER])))


def _weights(sweep: Sweep, address: Address, choose: Callable[[int], None]) -> None:
    points = [
        Measured(number, point.candidate.weights[0], point.candidate.alpha, 0.0, 0.0)
        for number, point in enumerate(sweep.points)
    ]
    scores = [point.overall.score for point in sweep.points]
    weight = f"weight of {PurePath(sweep.adapters[0]).name}"
    options = weight_options(points, scores, weight, "alpha", _chosen(sweep, address))
    made = chart(options, f"Score by alpha and {weight}; the table below has the same points")
    made.on_point_click(lambda event: choose(int(_values(event.data)[_NUMBER_OF_WEIGHTS])))


def _values(data: Any) -> list[float]:
    """The values of a clicked point, which is drawn as a mapping with its size."""
    values: list[float] = data["value"] if isinstance(data, dict) else data
    return values


def _point(sweep: Sweep, number: int) -> None:
    point = sweep.points[number]
    with ui.element("div").classes("studio-card").props('data-testid="point"').style("margin: 8px 0"):
        heading(f"{'Best point' if number == sweep.best else 'Chosen point'}: {point.candidate}")
        for path, weight in zip(sweep.adapters, point.candidate.weights, strict=True):
            ui.label(f"{path}: weight {weight:g}")
        _scores(sweep, number)
        quiet("To merge this point:")
        _copied(sweep.command(number), "Copy the command")
        with ui.element("details"):
            with ui.element("summary"):
                ui.label("Its merge YAML").style("display: inline")
            _copied(sweep.merge_yaml(number), "Copy the YAML")


def _scores(sweep: Sweep, number: int) -> None:
    columns, rows = ["Questions", "Score", "95% interval"], []
    for group, label in sweep.groups.items():
        own, best = sweep.estimate(number, group), sweep.estimate(sweep.best, group)
        row = [label, f"{own.score:.3f}", f"{own.low:.3f} to {own.high:.3f}"]
        rows.append(row if number == sweep.best else [*row, f"{own.score - best.score:+.3f}"])
    columns += [] if number == sweep.best else ["Against the best point"]
    table(columns, rows, caption=f"Scores of {sweep.points[number].candidate}", numbers=len(columns) - 1)


def _copied(text: str, label: str) -> None:
    with ui.row().classes("no-wrap items-start w-full"):
        ui.label(text).classes("studio-mono studio-text").style("flex: 1; min-width: 0")
        button = ui.button(icon="content_copy", on_click=lambda: ui.clipboard.write(text))
        button.props("flat round dense color=inherit").props["aria-label"] = label


def _points(sweep: Sweep, address: Address, choose: Callable[[int], None]) -> None:
    groups, chosen = _groups(sweep, address), _chosen(sweep, address)
    titles = ["", "Alpha", *([PurePath(path).name for path in sweep.adapters] if sweep.searched else [])]
    titles += [f"{sweep.groups[group]}" for group in groups]
    with (
        ui.element("div").classes("studio-scroll").props('tabindex="0" role="region" aria-label="Points"'),
        ui.element("table").classes("studio-table").props('aria-label="Points of the sweep"'),
    ):
        with ui.element("thead"), ui.element("tr"):
            for title in titles:
                with ui.element("th").props('scope="col"').classes("number" if title else ""):
                    ui.label(title)
        with ui.element("tbody"):
            for number in sweep.by_alpha():
                _row(sweep, number, groups, is_chosen=number == chosen, choose=choose)


def _row(sweep: Sweep, number: int, groups: list[str], *, is_chosen: bool, choose: Callable[[int], None]) -> None:
    candidate = sweep.points[number].candidate
    estimates = [sweep.estimate(number, group) for group in groups]
    cells = [f"{candidate.alpha:g}", *(f"{weight:.3g}" for weight in candidate.weights if sweep.searched)]
    cells += [f"{each.score:.3f} ({each.low:.3f} to {each.high:.3f})" for each in estimates]
    with ui.element("tr").classes("studio-marked" if is_chosen else ""):
        with ui.element("td"):
            icon = "radio_button_checked" if is_chosen else "radio_button_unchecked"
            button = ui.button(icon=icon, on_click=lambda: choose(number)).props(
                "flat round dense size=sm color=inherit"
            )
            button.props["aria-label"] = f"Choose {candidate}, number {number + 1}"
            button.props["aria-pressed"] = "true" if is_chosen else "false"
        for cell in cells:
            with ui.element("td").classes("number"):
                ui.label(cell)
