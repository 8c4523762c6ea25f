"""The query string of a page's address, which holds every filter and selection so that a view can be shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass
class Address:
    """A page's path and the parameters in its query string.

    Attributes:
        path: the page's path, such as `/rows`.
        parameters: values by name; those that are empty are left out of the address.
    """

    path: str
    parameters: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """Return a parameter."""
        return self.parameters.get(name, default)

    def number(self, name: str, default: int, low: int = 0, high: int = 10**9) -> int:
        """Return a parameter as a whole number between two bounds; the default if it is not a number."""
        text = self.get(name)
        valid = text.isascii() and text.isdigit() and len(text) < len(str(high)) + 1
        return min(max(int(text), low), high) if valid else default

    def choice(self, name: str, valid: Mapping[str, object] | list[str], default: str = "") -> str:
        """Return a parameter if it is one of the valid values, else the default."""
        value = self.get(name)
        return value if value in valid else default

    def several(self, name: str) -> list[str]:
        """Return a parameter that holds several values, which `join` has joined."""
        return [value for value in self.get(name).split("~") if value]

    def link(self, path: str | None = None, /, **changes: str | int) -> str:
        """Return the address after changes, of this page or, with only the changes as parameters, of another one."""
        kept = dict(self.parameters) if path is None else {}
        kept |= {name: str(value) for name, value in changes.items()}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{path or self.path}?{query}" if query else path or self.path

    def replace(self, **changes: str | int) -> None:
        """Change parameters, and the address that the browser shows, without loading the page again."""
        from nicegui import ui

        self.parameters |= {name: str(value) for name, value in changes.items()}
        ui.navigate.history.replace(self.link())


def join(values: list[str]) -> str:
    """Join several values into one parameter."""
    return "~".join(values)
