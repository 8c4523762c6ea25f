"""The loss from rounding a merge's delta, by layer and kind."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from shoptune.studio.address import Address
from shoptune.studio.charts import chart_with_table
from shoptune.studio.parts.choices import choice
from shoptune.studio.plots.heat_map import heat_height, heat_options
from shoptune.studio.reading.merge import Merged
from shoptune.studio.reading.weights import LayerTable
from shoptune.studio.theme import card, nothing_yet, quiet, table


def rounding_section(found: Sequence[Merged], address: Address) -> None:
    """Add the section. The merge and the figure are in the address."""
    names = {merged.name: merged.name for merged in found}
    largest = max(found, key=lambda merged: len(merged.config.get("adapters", ()))).name

    @ui.refreshable
    def section() -> None:
        name = address.choice("merge", names, largest)
        _merge(next(merged for merged in found if merged.name == name), address)

    with card("Rounding by layer"):
        if len(found) > 1:
            with ui.row():
                choice(address, "merge", "Merge", names, section.refresh, largest)
        section()


def _merge(merged: Merged, address: Address) -> None:
    _total(merged)
    if not merged.figures:
        nothing_yet("Its factors were neither rounded nor compressed.")
        return

    @ui.refreshable
    def figure() -> None:
        key = address.choice("figure", merged.figures, next(iter(merged.figures)))
        heat_map(merged.table(key), f"{merged.figures[key]}: {merged.name}")

    with ui.row():
        choice(address, "figure", "Figure", merged.figures, figure.refresh)
    figure()


def _total(merged: Merged) -> None:
    total, config = merged.total, merged.config
    if "entries" not in total:
        ui.label(f"An adapter; compressing it lost {total['lost_share']:.1%} of the delta's norm.")
        return
    ui.label(
        f"Rounding to {merged.dtype} lost {total['lost_share']:.2%} of the delta's norm ({total['intended_norm']:.4g}) "
        f"and left {total['unchanged_share']:.2%} of {total['entries']:,} weights unchanged."
    )
    members = [[str(member["path"]), f"{member['weight']:g}"] for member in config.get("adapters", ())]
    quiet(f"Method {config.get('method')}, wise-ft alpha {config.get('wise_ft_alpha')}")
    table(["Adapter", "Weight"], members, caption=f"Adapters of {merged.name}", numbers=1)


def heat_map(figures: LayerTable, title: str, *, around_zero: bool = False) -> None:
    """Add a heat map by layer and kind, and its table."""
    options = heat_options(figures, title, around_zero=around_zero)
    rows = [
        [layer, *("-" if value is None else f"{value:.4g}" for value in row)]
        for layer, row in zip(figures.layers, figures.cells, strict=True)
    ]
    chart_with_table(options, title, ["Layer", *figures.kinds], rows, height=heat_height(figures))
