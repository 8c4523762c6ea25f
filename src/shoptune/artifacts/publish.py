"""Publish artifacts atomically: write into a folder beside the target, the manifest last, then rename."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, Fingerprint, Request, changes, describe, digest, read_manifest
from shoptune.errors import fail

_REQUEST = ".request.json"
_GIGABYTE = 10**9
_COSTLY_SECONDS = 600


@dataclass(frozen=True)
class Artifact:
    """A complete artifact on disk; `rebuilt` is false if it was up to date."""

    path: Path
    manifest: Mapping[str, Any]
    rebuilt: bool

    @property
    def bytes(self) -> int:
        """Size of all its files together."""
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

    `write` fills a folder beside `out`; when it returns, every file is hashed and flushed to disk, the manifest is
    written last, and the folder is renamed to `out`. A kill at any moment leaves the old artifact or none.

    Args:
        request: what to make.
        fingerprint: of the request.
        out: the artifact's folder.
        write: does the work; returns the SHA-256 digests it already knows, by file name relative to the folder.
        resume: keep what an interrupted run of the same request left, for `write` to continue from.
        force: replace an existing artifact, however long it took to make.

    Raises:
        ShoptuneError: `out` holds something else, lies inside an input, took long to make from another config, or is
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
            raise fail(staging, "", "another process is writing it", "wait until it ends") from error
        started = datetime.now(UTC)
        _prepare(staging, fingerprint, keep=resume)
        known = write(staging)
        (staging / _REQUEST).unlink()
        manifest = describe(request, fingerprint, staging, known, started)
        _publish(staging, out, manifest)
    finally:
        os.close(lock)
    return Artifact(out, manifest, rebuilt=True)


def up_to_date(request: Request, fingerprint: Fingerprint, out: Path) -> Artifact | None:
    """The artifact at `out` if it was made from an equal request, else None."""
    manifest = read_manifest(out)
    if manifest is None or manifest.get("stage") != request.stage or manifest.get("request") != fingerprint.value:
        return None
    digest(out)  # raises unless its files have the names and sizes they were written with
    os.utime(out / MANIFEST)  # make compares times: the artifact is as new as its inputs
    return Artifact(out, manifest, rebuilt=False)


def require_space(directory: Path, size: int) -> None:
    """Refuse work whose result would not fit on the disk.

    Args:
        directory: where the files will go.
        size: their bytes.

    Raises:
        ShoptuneError: there is not enough free space.
    """
    free = shutil.disk_usage(directory).free
    if size > free:
        unit, divisor = ("GB", _GIGABYTE) if size >= _GIGABYTE else ("MB", _GIGABYTE / 1000)
        what = f"needs {size / divisor:.1f} {unit} of disk space, {free / divisor:.1f} {unit} are free"
        raise fail(directory, "", what, "free some space, or name an --out on another disk")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file atomically: readers see the old content or the new, never a part."""
    staging = path.with_name(path.name + ".partial")
    staging.parent.mkdir(parents=True, exist_ok=True)
    staging.write_text(text, encoding="utf-8")
    _flush(staging)
    staging.replace(path)


def _refuse_inside_an_input(request: Request, out: Path) -> None:
    """Refuse to write into an input, which would change it."""
    target = out.absolute()
    for name, path in request.inputs.items():
        if path.is_dir() and target.is_relative_to(path.absolute()):
            raise fail(out, "--out", f"lies inside the input '{name}' ({path})", "name a folder outside it")


def refuse_file(out: Path) -> None:
    """Refuse an artifact's folder that is a file.

    Raises:
        ShoptuneError: it is one.
    """
    if out.exists() and not out.is_dir():
        raise fail(out, "", "is a file, not a directory", "name another --out")


def _refuse_to_overwrite(request: Request, fingerprint: Fingerprint, out: Path, *, force: bool) -> None:
    refuse_file(out)
    if not out.exists():
        return
    manifest = read_manifest(out)
    if manifest is None:
        if any(out.iterdir()):
            raise fail(out, "", "holds files that shoptune did not write", "name another --out, or empty it")
        return
    if manifest.get("stage") != request.stage:
        raise fail(out, "", f"holds an artifact of stage '{manifest.get('stage')}'", "name another --out")
    seconds = manifest.get("seconds", 0)
    if seconds > _COSTLY_SECONDS and not force:
        changed = "; ".join(changes(manifest, request, fingerprint)) or "nothing that decides its bytes"
        what = f"took {seconds / 60:.0f} minutes to make and would be replaced; changed since: {changed}"
        raise fail(out, "", what, "name another --out, or add --force")


def _prepare(staging: Path, fingerprint: Fingerprint, *, keep: bool) -> None:
    note = staging / _REQUEST
    if not (keep and note.is_file() and note.read_text(encoding="utf-8") == fingerprint.value):
        for entry in staging.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    note.write_text(fingerprint.value, encoding="utf-8")


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
