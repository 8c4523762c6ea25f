"""Plug-in packages: every module is a plug-in, found by its file name."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from types import ModuleType


def plugin_names(package: str) -> list[str]:
    """The sorted names of a package's modules; names that start with an underscore are shared code, not plug-ins.

    The package is not imported, so that its own `__init__` can call this.
    """
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    names = (module.name for module in pkgutil.iter_modules(folders or []))
    return sorted(name for name in names if not name.startswith("_"))


def load_plugins(package: str) -> dict[str, ModuleType]:
    """Import every plug-in of a package, and return the modules by name, sorted."""
    return {name: importlib.import_module(f"{package}.{name}") for name in plugin_names(package)}
