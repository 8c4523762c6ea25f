"""Merge and sweep: the alpha curve, rounding loss, and how adapters differ."""

from __future__ import annotations

import asyncio

from shoptune.studio.address import Address
from shoptune.studio.page import Page
from shoptune.studio.parts.adapters import adapters_section
from shoptune.studio.parts.rounding import rounding_section
from shoptune.studio.parts.sweep import sweep_section
from shoptune.studio.reading.merge import adapters_of, compare_adapters, merges
from shoptune.studio.reading.sweep import sweeps
from shoptune.studio.run_folder import RunFolder
from shoptune.studio.theme import nothing_yet, problems_shown


async def build(run: RunFolder, address: Address) -> None:
    """Add the page's elements."""
    found, merged = await asyncio.to_thread(sweeps, run), await asyncio.to_thread(merges, run)
    if not found and not merged and not adapters_of(run):
        nothing_yet("This run has no sweep, merge or adapter. To merge: shoptune merge MERGE.yaml --out RUN/merged")
        return
    if found:
        sweep_section(found, address)
    else:
        nothing_yet("This run has no sweep. To score several alphas: shoptune sweep SWEEP.yaml --out RUN/sweep")
    if merged:
        rounding_section(merged, address)
    with problems_shown():
        if adapters_of(run):
            adapters_section(await asyncio.to_thread(compare_adapters, run), address)


PAGE = Page("/merge", "Merge and sweep", "merge_type", 4, build)
