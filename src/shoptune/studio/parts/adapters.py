"""Norms of adapters' deltas, and the angles between them."""

from __future__ import annotations

from nicegui import ui

from shoptune.studio.address import Address
from shoptune.studio.parts.choices import choice
from shoptune.studio.parts.rounding import heat_map
from shoptune.studio.reading.merge import Adapters
from shoptune.studio.theme import card, quiet, table


def adapters_section(found: Adapters, address: Address) -> None:
    """Add the section. The adapters are in the address."""
    names = {name: name for name in found.names}
    with card("Adapters"):
        for name, problem in found.problems.items():
            ui.label(f"{name} is left out: {problem}").classes("studio-warn")
        if found.products is None:
            return
        _matrix(found)

        @ui.refreshable
        def norms() -> None:
            name = address.choice("adapter", names, found.names[0])
            heat_map(found.norms(list(names).index(name)), f"Norm of the delta: {name}")

        with ui.row():
            choice(address, "adapter", "Norms of the deltas of", names, norms.refresh)
        norms()
        if len(names) > 1:
            _pair(found, address)


def _matrix(found: Adapters) -> None:
    """The norm of every adapter, and the cosines of all pairs."""
    if found.products is None:
        return
    count = range(len(found.names))
    rows = [
        [found.names[i], f"{found.products.norm(i):.4g}", *(f"{found.products.cosine(i, j):+.3f}" for j in count)]
        for i in count
    ]
    table(
        ["Adapter", "Norm", *found.names], rows, caption="Norms and cosines of adapters", numbers=len(found.names) + 1
    )
    quiet(
        "Norm: of all deltas together. Cosine: of the angle between all deltas of two adapters; near 0 they change the "
        "weights in unrelated directions, below 0 they work against each other."
    )


def _pair(found: Adapters, address: Address) -> None:
    names = {name: name for name in found.names}

    @ui.refreshable
    def cosines() -> None:
        first = address.choice("first", names, found.names[0])
        second = address.choice("second", names, found.names[1])
        numbers = [list(names).index(name) for name in (first, second)]
        heat_map(found.cosines(*numbers), f"Cosine between the deltas of {first} and {second}", around_zero=True)

    with ui.row():
        choice(address, "first", "Cosine between", names, cosines.refresh, found.names[0])
        choice(address, "second", "and", names, cosines.refresh, found.names[1])
    cosines()
