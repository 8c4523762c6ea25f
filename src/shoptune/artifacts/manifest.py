"""Requests, which say what an artifact is made from, and manifests, which record what was made."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.hashing import file_sha256, files_sha256
from shoptune.errors import fail

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Request:
    """What an artifact is made from; two equal requests give the same bytes.

    Attributes:
        stage: the stage's name.
        config: the resolved config, as JSON values.
        inputs: the files and directories that are read, by a name for each.
    """

    stage: str
    config: Mapping[str, Any]
    inputs: Mapping[str, Path]


@dataclass(frozen=True)
class Fingerprint:
    """Identifies a request: equal fingerprints give the same bytes.

    Attributes:
        value: a SHA-256 digest of the request.
        inputs: the digest of each input, by its name in the request.
    """

    value: str
    inputs: Mapping[str, str]


def fingerprint_of(request: Request) -> Fingerprint:
    """The fingerprint of a request; reads every input whose digest is not recorded or cached.

    Raises:
        ShoptuneError: an input is missing.
    """
    inputs = {name: digest(path) for name, path in request.inputs.items()}
    return Fingerprint(_hash_json({"stage": request.stage, "config": request.config, "inputs": inputs}), inputs)


def changes(manifest: Mapping[str, Any], request: Request, fingerprint: Fingerprint) -> list[str]:
    """The differences between a request and the one recorded in a manifest, one phrase per config key or input."""
    before, after = _flat(manifest["config"]), _flat(request.config)
    keys = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    told = [f"{key}: {before.get(key, 'absent')} -> {after.get(key, 'absent')}" for key in keys]
    was = {name: entry["sha256"] for name, entry in manifest["inputs"].items()}
    names = [
        name for name in sorted(was.keys() | fingerprint.inputs.keys()) if was.get(name) != fingerprint.inputs.get(name)
    ]
    return [*told, *(f"input '{name}'" for name in names)]


def _flat(values: Any, place: str = "") -> dict[str, Any]:
    """The leaves of nested mappings, by their dotted key."""
    if isinstance(values, Mapping) and values:
        return {
            name: leaf
            for key, value in values.items()
            for name, leaf in _flat(value, f"{place}.{key}" if place else str(key)).items()
        }
    return {place: values}


def read_manifest(directory: Path) -> Mapping[str, Any] | None:
    """The manifest of an artifact directory, or None if there is none."""
    try:
        manifest: Mapping[str, Any] = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return manifest


def digest(path: Path) -> str:
    """SHA-256 of an input: a file's bytes, or a directory's file names and bytes.

    For an artifact, the digest comes from its manifest; its files are checked by name and size only.

    Raises:
        ShoptuneError: the path is missing, or a file differs from the manifest.
    """
    if path.is_file():
        return file_sha256(path)
    if not path.is_dir():
        raise fail(path, "", "no such file or directory", "make it first, or correct the path")
    manifest = read_manifest(path)
    if manifest is None:
        files = sorted(file for file in path.rglob("*") if file.is_file())
        names = [str(file.relative_to(path)) for file in files]
        table = dict(zip(names, files_sha256(files), strict=True))
    else:
        table = {name: entry["sha256"] for name, entry in manifest["outputs"].items()}
        for name, entry in manifest["outputs"].items():
            if not (path / name).is_file() or (path / name).stat().st_size != entry["bytes"]:
                raise fail(path / name, "", "is not as the manifest says", "make the artifact again with --force")
    return _hash_json(table)


def describe(
    request: Request, fingerprint: Fingerprint, directory: Path, known: Mapping[str, str], started: datetime
) -> dict[str, Any]:
    """The manifest of a finished directory.

    Args:
        request: what it was made from.
        fingerprint: of the request.
        directory: whose files are its outputs.
        known: digests of some of them, by name relative to the directory; the others are computed.
        started: when the work began.
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
        "versions": _versions(),
        "git_commit": _git_commit(),
        "command": sys.argv,
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "seconds": round((finished - started).total_seconds(), 3),
    }


def _hash_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _versions() -> dict[str, str]:
    """Versions of the installed distributions that this process has imported."""
    distributions = importlib.metadata.packages_distributions()
    loaded = {name.partition(".")[0] for name in sys.modules}
    names = {distribution for module in loaded for distribution in distributions.get(module, ())}
    return {name: importlib.metadata.version(name) for name in sorted(names, key=str.lower)}


def _git_commit() -> str | None:
    """The commit of the source tree shoptune runs from, or None when it is not in one."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
