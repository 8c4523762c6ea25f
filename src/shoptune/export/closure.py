"""The modules of a package that one of them needs, found by following imports."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from shoptune.runtime.plugins import plugin_names

_PLUGINS = "shoptune.runtime.plugins"  # a package that imports it loads its modules by their names


def source_files(modules: Sequence[str]) -> dict[str, Path]:
    """The source files that importing some modules of a package can load, by their path inside the package's parent.

    Imports inside functions count too. Packages on the way are included, since Python runs their `__init__`; a package
    that discovers its modules brings all of them.
    """
    waiting, found = list(modules), dict[str, Path]()
    while waiting:
        name = waiting.pop()
        spec = importlib.util.find_spec(name)
        if name in found or spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        parent = name.rpartition(".")[0]
        waiting += [parent] if parent else []
        imports = imported_modules(found[name], name.partition(".")[0])
        waiting += imports
        if _PLUGINS in imports and spec.submodule_search_locations:
            waiting += [f"{name}.{plugin}" for plugin in plugin_names(name)]
    root = found[modules[0].partition(".")[0]].parent.parent
    return {str(file.relative_to(root)): file for _, file in sorted(found.items())}


def imported_modules(file: Path, package: str) -> list[str]:
    """The modules of a package that a source file imports."""
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == package:
            names.append(node.module)
            names += [
                f"{node.module}.{alias.name}" for alias in node.names if _is_module(f"{node.module}.{alias.name}")
            ]
    return names


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
