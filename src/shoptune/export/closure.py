"""The modules of a package that one of them needs, found by following imports."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
from pathlib import Path


def source_files(module: str) -> dict[str, Path]:
    """The source files that importing a module of shoptune can load, by their path inside the package's parent.

    Imports inside functions count too. Packages on the way are included, since Python runs their `__init__`; a package
    that discovers its modules with `pkgutil.iter_modules(__path__)` brings all of them.
    """
    waiting, found = [module], dict[str, Path]()
    while waiting:
        name = waiting.pop()
        spec = importlib.util.find_spec(name)
        if name in found or spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        parent = name.rpartition(".")[0]
        waiting += [parent] if parent else []
        waiting += _imports(found[name], name)
    root = Path(found[module.partition(".")[0]]).parent.parent
    return {str(file.relative_to(root)): file for _, file in sorted(found.items())}


def _imports(file: Path, module: str) -> list[str]:
    package = module.partition(".")[0]
    source, names = file.read_text(encoding="utf-8"), list[str]()
    if "pkgutil.iter_modules(__path__)" in source:
        names += [f"{module}.{found.name}" for found in pkgutil.iter_modules([str(file.parent)])]
    for node in ast.walk(ast.parse(source)):
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
