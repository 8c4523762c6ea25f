"""Wins, losses and ties as tables, with a bar for each line."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from shoptune.studio.reading.answers import Versus

_COLUMNS = ("Wins", "Losses", "Ties", "", "Difference", "95% interval")


def versus_table(first: str, lines: Mapping[str, Versus], *, caption: str) -> None:
    """Add a table with a line per name.

    Args:
        first: the title of the first column.
        lines: what to show, by name.
        caption: what the table shows, read by screen readers.
    """
    with ui.element("div").classes("studio-scroll").props('tabindex="0" role="region"') as around:
        around.props["aria-label"] = caption
        with ui.element("table").classes("studio-table") as made:
            made.props["aria-label"] = caption
            with ui.element("thead"), ui.element("tr"):
                for title in (first, *_COLUMNS):
                    with ui.element("th").props('scope="col"').classes("number" if title in _COLUMNS else ""):
                        ui.label(title)
            with ui.element("tbody"):
                for name, versus in lines.items():
                    with ui.element("tr"):
                        _line(name, versus)


def _line(name: str, versus: Versus) -> None:
    with ui.element("th").props('scope="row"').style("white-space: normal; min-width: 110px"):
        ui.label(name)
    for count in (versus.wins, versus.losses, versus.ties):
        with ui.element("td").classes("number"):
            ui.label(str(count))
    with ui.element("td").style("min-width: 90px; vertical-align: middle"):
        _bar(versus)
    difference = versus.difference
    color = "" if difference is None else sign_class(difference.low, difference.high)
    with ui.element("td").classes(f"number {color}"):
        ui.label("" if difference is None else f"{difference.mean:+.3f}")
    with ui.element("td").classes("number"):
        ui.label("no questions" if difference is None else f"[{difference.low:+.3f}, {difference.high:+.3f}]")


def sign_class(low: float, high: float) -> str:
    """Return the class for the color of a difference whose interval excludes 0."""
    return "studio-good text-weight-bold" if low > 0 else "studio-bad text-weight-bold" if high < 0 else ""


def _bar(versus: Versus) -> None:
    parts = {"won": versus.wins, "tied": versus.ties, "lost": versus.losses}
    with ui.element("div").classes("answers-bar").props('aria-hidden="true"'):
        for name, count in parts.items():
            if count:
                ui.element("div").classes(f"answers-{name}").style(f"flex: {count} 1 0")
