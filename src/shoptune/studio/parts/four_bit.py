"""The error of 4-bit layers, by layer and kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from shoptune.report.quantized import Quantized
from shoptune.studio.address import Address
from shoptune.studio.parts.choices import choice
from shoptune.studio.parts.rounding import heat_map
from shoptune.studio.reading.quantization import FIGURES
from shoptune.studio.reading.quantization import table as by_layer
from shoptune.studio.theme import card, quiet, table


def layers_section(found: Sequence[Quantized], address: Address) -> None:
    """Add the section. The checkpoint and the figure are in the address."""
    names = {entry.name: f"{entry.name} ({entry.engine})" for entry in found}

    @ui.refreshable
    def section() -> None:
        name = address.choice("checkpoint", names, found[0].name)
        entry = next(entry for entry in found if entry.name == name)
        key = address.choice("figure", FIGURES, "error_share")
        heat_map(by_layer(entry, key), f"{FIGURES[key]}: {name}")
        _kinds(entry)

    with card("Error by layer"):
        with ui.row():
            if len(found) > 1:
                choice(address, "checkpoint", "4-bit checkpoint", names, section.refresh)
            choice(address, "figure", "Figure", FIGURES, section.refresh, "error_share")
        section()


def _kinds(entry: Quantized) -> None:
    rows = [_figures(kind, figures) for kind, figures in entry.kinds.items()]
    rows.append(_figures("all", entry.total))
    columns = ["Layers", "Weight error", "Delta / rounding error of the base", "Largest activation"]
    table(columns, rows, caption=f"Errors by kind of layer: {entry.name}", numbers=3)
    if entry.overflows:
        ui.label(f"Activations beyond float16's 65504 in {', '.join(entry.overflows)}.").classes("studio-bad")
    quiet(
        "Weight error: the norm of what quantization changed, as a share of the weights' norm. A delta smaller than "
        "the error of rounding the base to 4 bits (ratio below 1) can be lost in it."
    )
    if entry.no_base:
        quiet(f"There are no figures of the delta: {entry.no_base}.")


def _figures(name: str, figures: Mapping[str, Any]) -> list[str]:
    ratio, activation = figures["delta_to_error"], figures["largest_activation"]
    return [
        name,
        f"{figures['error_share']:.1%}",
        "-" if ratio is None else f"{ratio:.2f}",
        "-" if activation is None else f"{activation:.4g}",
    ]
