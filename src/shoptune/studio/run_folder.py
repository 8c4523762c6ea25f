"""The folder of a run, the only place that the studio reads: artifacts by name, and files that lie inside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, read_manifest
from shoptune.errors import ShoptuneError, fail
from shoptune.report.collect import Run, collect

_UNFINISHED = (".partial", ".old")


@dataclass(frozen=True)
class Artifact:
    """A complete artifact; `name` is its path relative to the run's folder."""

    name: str
    path: Path
    manifest: Mapping[str, Any]

    @property
    def stage(self) -> str:
        """The stage that made it."""
        return str(self.manifest["stage"])

    @property
    def bytes(self) -> int:
        """The total size of its files."""
        return sum(int(entry["bytes"]) for entry in self.manifest["outputs"].values())


@dataclass(frozen=True)
class RunFolder:
    """A run's folder; `root` is absolute and without links."""

    root: Path

    @classmethod
    def open(cls, directory: Path) -> RunFolder:
        """Return the folder of a run, which may still be empty except for an unfinished artifact.

        Raises:
            ShoptuneError: the folder is missing, is an artifact, or has neither artifacts nor unfinished ones.
        """
        if not directory.is_dir():
            raise fail(directory, "", "no such folder", "choose the folder of a run, such as runs/demo")
        if own := read_manifest(directory):
            what = f"is an artifact of `shoptune {own['stage']}`, not the folder of a run"
            raise fail(directory, "", what, "choose the folder that contains the run's artifacts")
        found = cls(directory.resolve())
        if not any(True for _ in found._manifests()) and not found.unfinished():
            raise fail(directory, "", "contains no artifacts", "choose the folder of a run, such as runs/demo")
        return found

    @property
    def name(self) -> str:
        """The folder's name, which pages show as their title."""
        return self.root.name

    def artifacts(self) -> list[Artifact]:
        """Return the complete artifacts in the order in which they were finished, without those in `refused`."""
        found = [
            Artifact(path.relative_to(self.root).as_posix(), path, manifest)
            for path in self._manifests()
            if not self.leads_outside(path) and (manifest := read_manifest(path))
        ]
        return sorted(found, key=lambda artifact: (str(artifact.manifest.get("finished", "")), artifact.name))

    def artifact(self, name: str) -> Artifact | None:
        """Return the artifact with a name, which may come from a URL; None if the run has none with that name."""
        return next((artifact for artifact in self.artifacts() if artifact.name == name), None)

    def of_stage(self, stage: str) -> list[Artifact]:
        """Return the artifacts that a stage made, in the order in which they were finished."""
        return [artifact for artifact in self.artifacts() if artifact.stage == stage]

    def refused(self) -> list[str]:
        """Return the names of artifacts that are left out because they link to files outside the run."""
        return sorted(path.relative_to(self.root).as_posix() for path in self._manifests() if self.leads_outside(path))

    def unfinished(self) -> list[Path]:
        """Return the `.partial` folders, in which a stage is working or has been interrupted."""
        return sorted(folder for folder in self._folders(self.root) if folder.name.endswith(".partial"))

    def collected(self) -> Run | None:
        """Return the artifacts as the report's readers take them; None if there is none.

        Raises:
            ShoptuneError: scores.json of an artifact is malformed.
        """
        names = {artifact.name for artifact in self.artifacts()}
        if not names or self.refused():  # the report would follow their links
            return None
        return collect(self.root)

    def file(self, artifact: Artifact, name: str) -> Path:
        """Return the path of a file of an artifact.

        Raises:
            ShoptuneError: it lies outside the run's folder, or does not exist.
        """
        path = (artifact.path / name).resolve()
        if not path.is_relative_to(self.root):
            raise fail(path, "", "lies outside the run's folder", "copy it into the run's folder")
        if not path.is_file():
            raise fail(path, "", "no such file", "rebuild the artifact with --force")
        return path

    def has(self, artifact: Artifact, name: str) -> bool:
        """Return whether an artifact has a file that may be read."""
        try:
            self.file(artifact, name)
        except ShoptuneError:
            return False
        return True

    def leads_outside(self, directory: Path) -> bool:
        """Return whether a folder has a link, at any depth, to something outside the run."""
        return any(
            not Path(entry.path).resolve().is_relative_to(self.root)
            for entry in _entries(directory)
            if entry.is_symlink()
        )

    def _manifests(self) -> Iterator[Path]:
        """Return the folders with a manifest, without those of unfinished artifacts."""
        for folder in self._folders(self.root):
            parts = folder.relative_to(self.root).parts
            unfinished = any(part.endswith(_UNFINISHED) for part in parts)
            if not unfinished and folder != self.root and (folder / MANIFEST).is_file() and read_manifest(folder):
                yield folder

    def _folders(self, directory: Path) -> Iterator[Path]:
        """Return a folder and those below, without following links."""
        for path, _, _ in os.walk(directory, followlinks=False):
            yield Path(path)


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    """Return all entries below a folder, without following links."""
    for entry in os.scandir(directory):
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))
