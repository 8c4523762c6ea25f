"""Links that change what a page shows without loading the page again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from shoptune.studio.address import Address

# With a modifier key, the browser follows the link itself, for example into a new tab.
_UNLESS_MODIFIED = "(e) => { if (e.ctrlKey || e.metaKey || e.shiftKey) return; e.preventDefault(); emit(); }"


@dataclass(frozen=True)
class Selection:
    """The selection on a page: the address, and the function that shows the page after a change."""

    address: Address
    refresh: Callable[[], object]

    def link(self, text: str, **changes: str | int) -> ui.link:
        """Add a link that changes parameters of the address and shows the page again. It has an address of its own."""

        def change() -> None:
            self.address.replace(**changes)
            self.refresh()

        made = ui.link(text, self.address.link(**changes))
        made.on("click", change, js_handler=_UNLESS_MODIFIED)
        return made

    def change(self, **changes: str | int) -> None:
        """Change parameters of the address, and show the page again."""
        self.address.replace(**changes)
        self.refresh()
