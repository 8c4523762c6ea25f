"""The versions of the libraries that a process has imported, for the manifests of what it writes."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution


def imported_versions() -> dict[str, str]:
    """Return the versions of the installed distributions that this process has imported, by name."""
    imported = {name.partition(".")[0] for name in sys.modules}
    found: dict[str, str] = {}
    installed = _distributions(tuple(sys.path))
    for module in imported & installed.keys():
        for distribution in installed[module]:
            name, version = _name_and_version(distribution)
            found.setdefault(name, version)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


@functools.lru_cache(maxsize=1)
def _distributions(path: tuple[str, ...]) -> Mapping[str, list[Distribution]]:
    """Return the installed distributions by the modules that they contain.

    The path is that of the process, which a library may extend: Ray adds a folder of libraries that come with it.

    `importlib.metadata.packages_distributions` gives the same, but parses all metadata: 0.1 s for 200 distributions,
    where this takes 0.01 s.
    """
    found: dict[str, list[Distribution]] = {}
    for distribution in importlib.metadata.distributions(path=list(path)):
        for module in _modules(distribution):
            found.setdefault(module, []).append(distribution)
    return found


def _modules(distribution: Distribution) -> set[str]:
    if declared := (distribution.read_text("top_level.txt") or "").split():
        return set(declared)
    paths = [line.partition(",")[0] for line in (distribution.read_text("RECORD") or "").splitlines()]
    return {path.partition("/")[0].removesuffix(".py") for path in paths if path.endswith(".py")}


@functools.cache
def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    metadata = distribution.metadata
    return metadata["Name"], metadata["Version"]
