"""Turn a folder into an artifact for tests: a manifest with its inputs and the digests of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from shoptune.artifacts.hashing import file_sha256
from shoptune.artifacts.manifest import MANIFEST, digest


def publish(folder: Path, stage: str, inputs: Mapping[str, Path]) -> Path:
    """Write the manifest of a folder."""
    read = {name: {"path": str(path), "sha256": digest(path)} for name, path in inputs.items()}
    (folder / MANIFEST).write_text(json.dumps({"stage": stage, "inputs": read, "outputs": {}, "versions": {}}))
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != MANIFEST:
            record(folder, file.relative_to(folder).as_posix())
    return folder


def record(folder: Path, name: str) -> None:
    """Enter a file that a test has written into the manifest."""
    manifest = json.loads((folder / MANIFEST).read_text())
    file = folder / name
    manifest["outputs"][name] = {"sha256": file_sha256(file), "bytes": file.stat().st_size}
    (folder / MANIFEST).write_text(json.dumps(manifest))
