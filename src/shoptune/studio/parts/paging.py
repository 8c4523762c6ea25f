"""Links to the pages of a long table."""

from __future__ import annotations

from nicegui import ui

from shoptune.studio.selection import Selection
from shoptune.studio.texts import count
from shoptune.studio.theme import quiet


def pager(total: int, number: int, size: int, selection: Selection, *, where: str = "above", noun: str = "row") -> None:
    """Add what is shown of how much, and links to the other pages, whose number is the parameter `page`.

    Args:
        total: the number of rows on all pages.
        number: the page that is shown, from 1.
        size: the number of rows per page.
        selection: changes the page.
        where: `above` or `below` the rows, for screen readers.
        noun: the name of a row.
    """
    last = max(1, -(-total // size))
    with ui.element("nav").classes("row items-center").style("gap: 6px 16px") as around:
        around.props["aria-label"] = f"Pages, {where} the {noun}s"
        if total:
            first = (number - 1) * size + 1
            shown = f"{first:,} to {min(total, first + size - 1):,} of {count(total, noun)}" if first <= total else ""
            quiet(shown or f"There are only {last:,} pages.").props('role="status"' if where == "above" else "")
        if number > 1:
            selection.link("First", page="", row="")
            selection.link("Previous", page=min(number - 1, last), row="")
        if number < last:
            selection.link("Next", page=number + 1, row="")
            selection.link("Last", page=last, row="")
