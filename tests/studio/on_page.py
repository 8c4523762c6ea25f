"""Reading what a page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def rows_of(table: Locator) -> list[list[str]]:
    """The text of every cell of a table, by row, without the row of titles."""
    rows = table.locator("tbody tr").all()
    return [[(cell or "").strip() for cell in row.locator("td").all_text_contents()] for row in rows]


def closed_table(page: Page, name: str) -> Locator:
    """A table in a section that has not been opened, whose name begins with a text."""
    return page.locator(f'table[aria-label^="{name}"]')
