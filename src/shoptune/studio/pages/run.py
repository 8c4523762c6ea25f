"""Run: the pipeline as a graph of artifacts, with their states."""

from __future__ import annotations

from shoptune.studio.address import Address
from shoptune.studio.page import Page
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import nothing_yet


def build(_run: RunFolder, _address: Address) -> None:
    """Add the page's elements."""
    nothing_yet("This page is not written yet.")


PAGE = Page("/", "Run", "account_tree", 1, build)
