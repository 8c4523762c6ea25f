"""Wins, losses and ties as tables, with a bar for each line."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from shoptune.report.collect import Difference
from shoptune.studio.reading.answers import Versus

_COLUMNS = ("Difference, 95% interval", "Wins", "Losses", "Ties", "")


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
    with ui.element("td").classes("number"):
        _difference(versus.difference)
    for count in (versus.wins, versus.losses, versus.ties):
        with ui.element("td").classes("number"):
            ui.label(str(count))
    with ui.element("td").style("min-width: 90px; vertical-align: middle"):
        _bar(versus)


def _difference(difference: Difference | None) -> None:
    if difference is None:
        ui.label("no questions")
        return
    with ui.row().classes("no-wrap justify-end").style("gap: 6px"):
        ui.label(f"{difference.mean:+.3f}").classes(_color(difference))
        ui.label(f"[{difference.low:+.3f}, {difference.high:+.3f}]").classes("studio-quiet")


def _color(difference: Difference) -> str:
    """Return the classes of a difference, which stands out if its interval excludes 0."""
    if difference.low > 0:
        return "studio-good text-weight-bold"
    return "studio-bad text-weight-bold" if difference.high < 0 else ""


def _bar(versus: Versus) -> None:
    parts = {"won": versus.wins, "tied": versus.ties, "lost": versus.losses}
    with ui.element("div").classes("answers-bar").props('aria-hidden="true"'):
        for name, count in parts.items():
            if count:
                ui.element("div").classes(f"answers-{name}").style(f"flex: {count} 1 0")
