"""The modules of a package that one of them needs, found by following imports."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
from collections.abc import Sequence
from pathlib import Path

_DISCOVERY = "pkgutil.iter_modules(__path__)"


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
        waiting += [*_plugins(found[name], name), *imported_modules(found[name], name.partition(".")[0])]
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


def _plugins(file: Path, module: str) -> list[str]:
    """The modules that a package finds in its own folder."""
    if _DISCOVERY not in file.read_text(encoding="utf-8"):
        return []
    return [f"{module}.{found.name}" for found in pkgutil.iter_modules([str(file.parent)])]


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
