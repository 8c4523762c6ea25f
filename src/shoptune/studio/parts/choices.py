"""Choices whose value is a parameter of the page's address."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nicegui import ui

from shoptune.studio.address import Address


def choice(
    address: Address,
    name: str,
    label: str,
    options: Mapping[str, str],
    refresh: Callable[[], object],
    default: str = "",
) -> ui.select:
    """Add a choice of one option and return it.

    Args:
        address: keeps the chosen key.
        name: of the parameter.
        label: shown above the choice.
        options: labels by key; without a default, the first is chosen at first.
        refresh: called after a change.
        default: the key that is chosen at first.
    """

    def change(value: str) -> None:
        address.replace(**{name: value})
        refresh()

    current = address.choice(name, options, default or next(iter(options), ""))
    made = ui.select(dict(options), value=current, label=label, on_change=lambda event: change(event.value))
    made.style("min-width: min(100%, 200px)").props(f'data-testid="choice-{name}"')
    return made
