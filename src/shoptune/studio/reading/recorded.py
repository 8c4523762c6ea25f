"""Inputs of artifacts: their paths may lie outside the run's folder, so only files that have not changed are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shoptune.artifacts.hashing import file_sha256
from shoptune.artifacts.manifest import digest, read_manifest
from shoptune.errors import ShoptuneError
from shoptune.studio.run_folder import Artifact, RunFolder


def recorded_input(run: RunFolder, artifact: Artifact, name: str) -> Path | None:
    """Return the path of an input of an artifact, or None if it was moved, was removed, or has changed.

    A path that is not absolute is relative to the folder in which the stage was run: the current one, or one that
    contains the run's folder. A file inside the run is also found if the run was moved. The digest in the manifest is
    that of the content which the artifact was made from, so a manifest cannot make the studio show a file of this
    machine without having its digest. Folders are returned only if they are artifacts: hashing the weights of other
    checkpoints would take minutes.
    """
    entry = artifact.manifest.get("inputs", {}).get(name)
    if entry is None:
        return None
    return next((path for path in _places(run, Path(entry["path"])) if _is_unchanged(path, entry["sha256"])), None)


def _places(run: RunFolder, path: Path) -> Iterator[Path]:
    if path.is_absolute():
        yield path
    else:
        yield from dict.fromkeys(folder / path for folder in (Path.cwd(), *run.root.parents))
    for first in range(1, len(path.parts)):
        inside = run.root.joinpath(*path.parts[first:])
        if inside.resolve().is_relative_to(run.root):
            yield inside


def _is_unchanged(path: Path, sha256: str) -> bool:
    try:
        if path.is_file():
            return file_sha256(path) == sha256
        return read_manifest(path) is not None and digest(path) == sha256
    except (OSError, ShoptuneError):
        return False
