"""Write a stage's output directory so that it is whole or absent: stage it, write its manifest last, rename it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.artifacts.manifest import MANIFEST, Request, describe, digest, fingerprint_of, read_manifest
from shoptune.errors import fail

_REQUEST = ".request.json"
_GIGABYTE = 10**9


@dataclass
class Build:
    """An artifact while it is written.

    Attributes:
        directory: where the stage writes its files.
        sha256: digests that the stage knows already, by file name relative to `directory`; the rest is hashed after.
    """

    directory: Path
    sha256: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A whole artifact on disk; `rebuilt` is false when it was up to date and nothing was done."""

    path: Path
    manifest: Mapping[str, Any]
    rebuilt: bool

    @property
    def bytes(self) -> int:
        """Size of all its files together."""
        return sum(entry["bytes"] for entry in self.manifest["outputs"].values())


def make(
    request: Request, out: Path, write: Callable[[Build], None], *, force: bool = False, resume: bool = False
) -> Artifact:
    """Make the artifact that a request describes, unless it is there already.

    `write` fills a directory beside `out`; when it returns, every file is hashed and flushed to disk, the manifest is
    written last, and the directory is renamed to `out`. A kill at any moment leaves the old artifact or none.

    Args:
        request: what to make.
        out: the artifact's directory.
        write: the stage's work.
        force: make it again even when it is up to date.
        resume: keep what an interrupted run of the same request left, for `write` to go on from.

    Raises:
        ShoptuneError: an input is missing, `out` holds something else, or another process is writing it.
    """
    fingerprint = fingerprint_of(request)
    if not force and (current := _up_to_date(request, fingerprint, out)):
        return current
    _refuse_strangers(request, out)
    staging = out.with_name(out.name + ".partial")
    staging.mkdir(parents=True, exist_ok=True)
    lock = os.open(staging, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise fail(staging, "", "another process is writing it", "wait for it to end") from error
        started = datetime.now(UTC)
        _prepare(staging, fingerprint, keep=resume)
        build = Build(staging)
        write(build)
        (staging / _REQUEST).unlink()
        manifest = describe(request, fingerprint, staging, build.sha256, started)
        _publish(staging, out, manifest)
    finally:
        os.close(lock)
    return Artifact(out, manifest, rebuilt=True)


def up_to_date(request: Request, out: Path) -> Artifact | None:
    """The artifact at `out` when it was made from this very request, else None.

    Raises:
        ShoptuneError: an input is missing.
    """
    return _up_to_date(request, fingerprint_of(request), out)


def require_space(directory: Path, size: int) -> None:
    """Stop before long work whose result would not fit the disk.

    Args:
        directory: where the files will go.
        size: their bytes.

    Raises:
        ShoptuneError: the disk has less left.
    """
    free = shutil.disk_usage(directory).free
    if size > free:
        unit, divisor = ("GB", _GIGABYTE) if size >= _GIGABYTE else ("MB", _GIGABYTE / 1000)
        what = f"{size / divisor:.1f} {unit} are to be written, the disk has {free / divisor:.1f} {unit} left"
        raise fail(directory, "", what, "free some space, or name an --out on another disk")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    staging = path.with_name(path.name + ".partial")
    staging.parent.mkdir(parents=True, exist_ok=True)
    staging.write_text(text, encoding="utf-8")
    _flush(staging)
    staging.replace(path)


def _up_to_date(request: Request, fingerprint: str, out: Path) -> Artifact | None:
    manifest = read_manifest(out)
    if manifest is None or manifest.get("stage") != request.stage or manifest.get("request") != fingerprint:
        return None
    digest(out)  # names and sizes still as written
    os.utime(out / MANIFEST)  # make compares times: the artifact is as new as its inputs
    return Artifact(out, manifest, rebuilt=False)


def _refuse_strangers(request: Request, out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise fail(out, "", "is a file, not a directory", "name another --out")
    manifest = read_manifest(out)
    if manifest is None and any(out.iterdir()):
        raise fail(out, "", "holds files that are no artifact of shoptune's", "name another --out, or empty it")
    if manifest is not None and manifest.get("stage") != request.stage:
        raise fail(out, "", f"holds an artifact of stage '{manifest.get('stage')}'", "name another --out")


def _prepare(staging: Path, fingerprint: str, *, keep: bool) -> None:
    note = staging / _REQUEST
    if not (keep and note.is_file() and note.read_text(encoding="utf-8") == fingerprint):
        for entry in staging.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    note.write_text(fingerprint, encoding="utf-8")


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
