"""Publish artifacts atomically: write to a folder next to the target, write the manifest last, then rename."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, Fingerprint, Request, changes, describe, digest, read_manifest
from shoptune.errors import fail
from shoptune.runtime.progress_file import published

_REQUEST = ".request.json"
MEASURED = ".measured.json"
_GIGABYTE = 10**9
_COSTLY_SECONDS = 600


@dataclass(frozen=True)
class Artifact:
    """A complete artifact on disk; `rebuilt` is False if it was already up to date."""

    path: Path
    manifest: Mapping[str, Any]
    rebuilt: bool

    @property
    def bytes(self) -> int:
        """The total size of the artifact's files."""
        return sum(entry["bytes"] for entry in self.manifest["outputs"].values())


def publish(
    request: Request,
    fingerprint: Fingerprint,
    out: Path,
    write: Callable[[Path], Mapping[str, str]],
    *,
    resume: bool = False,
    force: bool = False,
) -> Artifact:
    """Write the artifact that a request describes.

    `write` fills a folder next to `out`. When it returns, all files are hashed and flushed to disk, the manifest is
    written, and the folder is renamed to `out`. If the process is killed at any time, either the old artifact or none
    remains. Figures that differ from run to run, such as speeds, belong in a JSON file named `MEASURED`: its content
    goes to the manifest, as `measured`, and the file is not an output.

    Args:
        request: the request for the artifact.
        fingerprint: the request's fingerprint.
        out: the artifact's folder.
        write: does the work; returns the SHA-256 digests that it knows, by file name relative to the folder.
        resume: keep the files of an interrupted run of the same request, so that `write` can continue from them.
        force: replace an existing artifact, however long it took to make.

    Raises:
        ShoptuneError: `out` contains something else, is inside an input, took long to make from another config, or is
            being written by another process.
    """
    _refuse_inside_an_input(request, out)
    _refuse_to_overwrite(request, fingerprint, out, force=force)
    staging = out.with_name(out.name + ".partial")
    staging.mkdir(parents=True, exist_ok=True)
    lock = os.open(staging, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise fail(staging, "", "another process is writing to it", "wait until it has finished") from error
        started = datetime.now(UTC)
        _prepare(staging, fingerprint, keep=resume)
        with published(staging, _about(request, started)):
            known = write(staging)
        (staging / _REQUEST).unlink()
        measured = _take_measured(staging)
        manifest = describe(request, fingerprint, staging, known, started) | measured
        _publish(staging, out, manifest)
    finally:
        os.close(lock)
    return Artifact(out, manifest, rebuilt=True)


def _about(request: Request, started: datetime) -> dict[str, Any]:
    """Describe the stage that works on an artifact, for those who watch its progress."""
    inputs = {name: str(path) for name, path in request.inputs.items()}
    return {"stage": request.stage, "inputs": inputs, "command": sys.argv, "started": started.isoformat()}


def up_to_date(request: Request, fingerprint: Fingerprint, out: Path) -> Artifact | None:
    """Return the artifact at `out` if it was made from an equal request, else None."""
    manifest = read_manifest(out)
    if manifest is None or manifest.get("stage") != request.stage or manifest.get("request") != fingerprint.value:
        return None
    digest(out)  # raises if the names or sizes of its files have changed
    os.utime(out / MANIFEST)  # `make` compares modification times: mark the artifact as newer than its inputs
    return Artifact(out, manifest, rebuilt=False)


def require_space(directory: Path, size: int) -> None:
    """Check that there is enough free disk space.

    Args:
        directory: the folder to write to.
        size: the number of bytes needed.

    Raises:
        ShoptuneError: there is not enough free space.
    """
    free = shutil.disk_usage(directory).free
    if size > free:
        unit, divisor = ("GB", _GIGABYTE) if size >= _GIGABYTE else ("MB", _GIGABYTE / 1000)
        what = f"needs {size / divisor:.1f} {unit} of disk space, but only {free / divisor:.1f} {unit} are free"
        raise fail(directory, "", what, "free some space, or choose an --out on another disk")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file atomically: readers see either the old or the new content, never a part of it."""
    staging = path.with_name(path.name + ".partial")
    staging.parent.mkdir(parents=True, exist_ok=True)
    staging.write_text(text, encoding="utf-8")
    _flush(staging)
    staging.replace(path)


def _refuse_inside_an_input(request: Request, out: Path) -> None:
    """Raise if the artifact's folder is inside an input, which would change it."""
    target = out.absolute()
    for name, path in request.inputs.items():
        if path.is_dir() and target.is_relative_to(path.absolute()):
            raise fail(out, "--out", f"is inside the input '{name}' ({path})", "choose a folder outside of it")


def refuse_file(out: Path) -> None:
    """Refuse an artifact's folder that is a file.

    Raises:
        ShoptuneError: it is one.
    """
    if out.exists() and not out.is_dir():
        raise fail(out, "", "is a file, not a directory", "choose another --out")


def _refuse_to_overwrite(request: Request, fingerprint: Fingerprint, out: Path, *, force: bool) -> None:
    refuse_file(out)
    if not out.exists():
        return
    manifest = read_manifest(out)
    if manifest is None:
        if any(out.iterdir()):
            raise fail(out, "", "contains files that shoptune did not write", "choose another --out, or empty it")
        return
    if manifest.get("stage") != request.stage:
        raise fail(out, "", f"contains an artifact of stage '{manifest.get('stage')}'", "choose another --out")
    seconds = manifest.get("seconds", 0)
    if seconds > _COSTLY_SECONDS and not force:
        changed = "; ".join(changes(manifest, request, fingerprint)) or "nothing that affects its content"
        what = f"took {seconds / 60:.0f} minutes to make and would be replaced; changed since: {changed}"
        raise fail(out, "", what, "choose another --out, or add --force")


def _prepare(staging: Path, fingerprint: Fingerprint, *, keep: bool) -> None:
    note = staging / _REQUEST
    if not (keep and note.is_file() and note.read_text(encoding="utf-8") == fingerprint.value):
        for entry in staging.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    note.write_text(fingerprint.value, encoding="utf-8")


def _take_measured(staging: Path) -> dict[str, Any]:
    """Remove the file of measured figures, and return its content for the manifest."""
    file = staging / MEASURED
    if not file.is_file():
        return {}
    measured = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return {"measured": measured}


def _publish(staging: Path, out: Path, manifest: Mapping[str, Any]) -> None:
    for name in manifest["outputs"]:
        _flush(staging / name)
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _flush(staging / MANIFEST)
    _flush(staging)
    old = out.with_name(out.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    staging.rename(out)
    _flush(out.parent)
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
