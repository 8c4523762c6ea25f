"""Packages in which every file adds something: adding to one takes a new file and no edit."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from types import ModuleType


def plugin_names(package: str) -> list[str]:
    """The names of a package's modules, sorted; those that start with an underscore are shared code, not plug-ins.

    Nothing of the package is imported, so that its own `__init__` can call this.
    """
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    names = (module.name for module in pkgutil.iter_modules(folders or []))
    return sorted(name for name in names if not name.startswith("_"))


def load_plugins(package: str) -> dict[str, ModuleType]:
    """Import every plug-in of a package; its modules by their names, sorted."""
    return {name: importlib.import_module(f"{package}.{name}") for name in plugin_names(package)}
