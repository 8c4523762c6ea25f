"""The definition of a page, and the list of all pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shoptune.runtime.plugins import load_plugins
from shoptune.studio.address import Address
from shoptune.studio.run_folder import RunFolder

Build = Callable[[RunFolder, Address], Awaitable[None] | None]


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        path: the page's path in the address, such as `/rows`.
        title: its title, in the navigation and at the top of the page.
        icon: the name of a Material icon.
        order: its place in the navigation.
        build: adds the page's elements. Called for each visit, with the run's folder and the address; a coroutine
            may run slow work in a thread (`nicegui.run.io_bound`).
    """

    path: str
    title: str
    icon: str
    order: int
    build: Build


def all_pages() -> list[Page]:
    """Return the pages in the order of the navigation."""
    pages: list[Page] = [module.PAGE for module in load_plugins("shoptune.studio.pages").values()]
    return sorted(pages, key=lambda page: page.order)
