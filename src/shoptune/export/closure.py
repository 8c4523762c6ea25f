"""Find the source files that a module needs, by following its imports inside its package."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from shoptune.runtime.plugins import plugin_names

_PLUGINS = "shoptune.runtime.plugins"  # packages that import it load their modules by name, at run time


def source_files(modules: Sequence[str]) -> dict[str, Path]:
    """Return every source file that importing the given modules of one package can load.

    Imports inside functions count too. Parent packages are included because Python runs their `__init__`, and a
    package that discovers its plug-ins at run time contributes all of its modules.

    Returns:
        The files, keyed by their path relative to the folder that contains the package.
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
    """Return the modules of `package` that a source file imports, including those imported by `from ... import`."""
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
