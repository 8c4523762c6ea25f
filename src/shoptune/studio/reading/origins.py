"""Resolve the paths in manifests, which are relative to another folder or to a run that has been moved since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from shoptune.studio.run_folder import Artifact


@dataclass(frozen=True)
class Origins:
    """The run's folder, and the names that it had when its artifacts were made.

    Attributes:
        root: the run's folder.
        names: paths of the run's folder in the manifests' commands, such as `runs/demo`.
    """

    root: Path
    names: frozenset[str]

    @classmethod
    def of(cls, root: Path, artifacts: Sequence[Artifact]) -> Origins:
        """Find the names in `--out` of the commands that made the artifacts."""
        found = set()
        for artifact in artifacts:
            out = _out([str(part) for part in artifact.manifest.get("command", [])])
            if out and (out == artifact.name or out.endswith(f"/{artifact.name}")):
                found.add(out.removesuffix(artifact.name).rstrip("/") or ".")
        return cls(root, frozenset(found))

    def inside(self, path: str) -> str | None:
        """Return a path relative to the run's folder; None if it does not lead into it."""
        plain = PurePath(path)
        for name in sorted(self.names, key=len, reverse=True):
            if name != "." and plain.is_relative_to(name):
                return _inner(plain.relative_to(name))
        absolute = Path(path).resolve()
        if absolute.is_relative_to(self.root):
            return _inner(absolute.relative_to(self.root))
        exists = (self.root / plain).exists() and not plain.is_absolute() and ".." not in plain.parts
        return _inner(plain) if "." in self.names and exists else None

    def owner(self, inside: str, artifacts: Mapping[str, Artifact]) -> str | None:
        """Return the name of the artifact that a path inside the run leads to or into; None if there is none."""
        parents = [inside, *(parent.as_posix() for parent in PurePath(inside).parents)]
        return next((name for name in parents if name in artifacts), None)


def _inner(path: PurePath) -> str | None:
    """A path inside the run as text; None for the run's folder itself."""
    return path.as_posix() if path.parts and ".." not in path.parts else None


def _out(command: Sequence[str]) -> str | None:
    for number, part in enumerate(command):
        if part == "--out" and number + 1 < len(command):
            return PurePath(command[number + 1]).as_posix()
        if part.startswith("--out="):
            return PurePath(part.removeprefix("--out=")).as_posix()
    return None
