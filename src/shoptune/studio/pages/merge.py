"""Merge and sweep: the alpha curve, rounding loss, and how adapters differ."""

from __future__ import annotations

from shoptune.studio.address import Address
from shoptune.studio.page import Page
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import nothing_yet


def build(_run: RunFolder, _address: Address) -> None:
    """Add the page's elements."""
    nothing_yet("This page is not written yet.")


PAGE = Page("/merge", "Merge and sweep", "merge_type", 4, build)
