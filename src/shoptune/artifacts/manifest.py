"""Requests, which specify what determines an artifact, and manifests, which record how an artifact was made."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.hashing import file_sha256, files_sha256
from shoptune.artifacts.versions import imported_versions
from shoptune.errors import fail

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Request:
    """Everything that determines an artifact: equal requests give the same bytes.

    Attributes:
        stage: the name of the stage.
        config: the resolved config, as JSON values.
        inputs: the files and folders that are read, keyed by a name.
    """

    stage: str
    config: Mapping[str, Any]
    inputs: Mapping[str, Path]


@dataclass(frozen=True)
class Fingerprint:
    """A digest of a request and of its inputs' content: equal fingerprints give the same bytes.

    Attributes:
        value: the SHA-256 digest of the request, including the digests of its inputs.
        inputs: the digest of each input, by its name in the request.
    """

    value: str
    inputs: Mapping[str, str]


def fingerprint_of(request: Request) -> Fingerprint:
    """Compute the fingerprint of a request. Inputs are read unless their digests are recorded or cached.

    Raises:
        ShoptuneError: an input is missing.
    """
    inputs = {name: digest(path) for name, path in request.inputs.items()}
    return Fingerprint(_hash_json({"stage": request.stage, "config": request.config, "inputs": inputs}), inputs)


def changes(manifest: Mapping[str, Any], request: Request, fingerprint: Fingerprint) -> list[str]:
    """Describe the differences between a request and the one in a manifest, with a phrase per config key or input."""
    before, after = _flat(manifest["config"]), _flat(request.config)
    keys = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    values = [f"{key}: {before.get(key, 'absent')} -> {after.get(key, 'absent')}" for key in keys]
    was = {name: entry["sha256"] for name, entry in manifest["inputs"].items()}
    names = [
        name for name in sorted(was.keys() | fingerprint.inputs.keys()) if was.get(name) != fingerprint.inputs.get(name)
    ]
    return [*values, *(f"input '{name}'" for name in names)]


def _flat(values: Any, place: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings, by dotted key."""
    if isinstance(values, Mapping) and values:
        return {
            name: leaf
            for key, value in values.items()
            for name, leaf in _flat(value, f"{place}.{key}" if place else str(key)).items()
        }
    return {place: values}


def read_manifest(directory: Path) -> Mapping[str, Any] | None:
    """Read the manifest of an artifact's folder; None if it has none, or one of another program."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and {"stage", "outputs"} <= manifest.keys() else None


def digest(path: Path) -> str:
    """Return the SHA-256 digest of an input: of a file's bytes, or of a folder's file names and bytes.

    The digest of an artifact is taken from its manifest; its files are checked only by name and size.

    Raises:
        ShoptuneError: the path does not exist, or a file differs from the manifest.
    """
    if path.is_file():
        return file_sha256(path)
    if not path.is_dir():
        raise fail(path, "", "no such file or directory", "create it first, or correct the path")
    manifest = read_manifest(path)
    if manifest is None:
        files = sorted(file for file in path.rglob("*") if file.is_file())
        names = [str(file.relative_to(path)) for file in files]
        table = dict(zip(names, files_sha256(files), strict=True))
    else:
        table = {name: entry["sha256"] for name, entry in manifest["outputs"].items()}
        for name, entry in manifest["outputs"].items():
            if not (path / name).is_file() or (path / name).stat().st_size != entry["bytes"]:
                raise fail(path / name, "", "differs from the manifest", "rebuild the artifact with --force")
    return _hash_json(table)


def describe(
    request: Request, fingerprint: Fingerprint, directory: Path, known: Mapping[str, str], started: datetime
) -> dict[str, Any]:
    """Compose the manifest of a finished artifact.

    Args:
        request: the request that the artifact was made from.
        fingerprint: the request's fingerprint.
        directory: the artifact's folder, which contains its outputs.
        known: the digests of outputs that are already known, by name relative to the folder; others are computed.
        started: the time at which the work began.
    """
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    names = [file.relative_to(directory).as_posix() for file in files]
    unknown = [name for name in names if name not in known]
    digests = {**known, **dict(zip(unknown, files_sha256([directory / name for name in unknown]), strict=True))}
    finished = datetime.now(UTC)
    return {
        "stage": request.stage,
        "request": fingerprint.value,
        "config": request.config,
        "inputs": {
            name: {"path": str(path), "sha256": fingerprint.inputs[name]} for name, path in request.inputs.items()
        },
        "outputs": {
            name: {"sha256": digests[name], "bytes": file.stat().st_size}
            for name, file in zip(names, files, strict=True)
        },
        "versions": imported_versions(),
        "git_commit": _git_commit(),
        "command": sys.argv,
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "seconds": round((finished - started).total_seconds(), 3),
    }


def _hash_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _git_commit() -> str | None:
    """Return the git commit of the source tree that shoptune runs from, or None if it runs from elsewhere."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
