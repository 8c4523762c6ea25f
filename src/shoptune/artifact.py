"""Write a stage's output directory so that it is whole or absent: stage it, write its manifest last, rename it."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shoptune.digests import file_sha256
from shoptune.errors import fail

MANIFEST = "manifest.json"
_REQUEST = ".request.json"
_HASH_BLOCK_BYTES = 1 << 22


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
    """A whole artifact on disk; `fresh` is false when it was up to date and nothing was done."""

    path: Path
    manifest: Mapping[str, Any]
    fresh: bool

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
    identity = _identity(request)
    if not force and (current := _up_to_date(request, identity, out)):
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
        _prepare(staging, identity, keep=resume)
        build = Build(staging)
        write(build)
        manifest = _manifest(request, identity, build, started)
        _publish(staging, out, manifest)
    finally:
        os.close(lock)
    return Artifact(out, manifest, fresh=True)


def up_to_date(request: Request, out: Path) -> Artifact | None:
    """The artifact at `out` when it was made from this very request, else None.

    Raises:
        ShoptuneError: an input is missing.
    """
    return _up_to_date(request, _identity(request), out)


def read_manifest(directory: Path) -> Mapping[str, Any] | None:
    """The manifest of an artifact directory, or None when it has none."""
    try:
        manifest: Mapping[str, Any] = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return manifest


def digest(path: Path) -> str:
    """SHA-256 of an input: a file's bytes, or a directory's file names and bytes.

    An artifact's directory answers from its manifest, whose files are checked by name and size only.

    Raises:
        ShoptuneError: the path is missing, or a file that a manifest names is not as it says.
    """
    if path.is_file():
        return file_sha256(path)
    if not path.is_dir():
        raise fail(path, "", "no such file or directory", "make it first, or correct the path")
    manifest = read_manifest(path)
    if manifest is None:
        files = sorted(file for file in path.rglob("*") if file.is_file())
        table = {str(file.relative_to(path)): file_sha256(file) for file in files}
    else:
        table = {name: entry["sha256"] for name, entry in manifest["outputs"].items()}
        for name, entry in manifest["outputs"].items():
            if not (path / name).is_file() or (path / name).stat().st_size != entry["bytes"]:
                raise fail(path / name, "", "is not as the manifest says", "make the artifact again with --force")
    return _hash_json(table)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    staging = path.with_name(path.name + ".partial")
    staging.parent.mkdir(parents=True, exist_ok=True)
    staging.write_text(text, encoding="utf-8")
    _flush(staging)
    staging.replace(path)


def _up_to_date(request: Request, identity: str, out: Path) -> Artifact | None:
    manifest = read_manifest(out)
    if manifest is None or manifest.get("stage") != request.stage or manifest.get("request") != identity:
        return None
    digest(out)  # names and sizes still as written
    os.utime(out / MANIFEST)  # make compares times: the artifact is as new as its inputs
    return Artifact(out, manifest, fresh=False)


def _identity(request: Request) -> str:
    inputs = {name: digest(path) for name, path in request.inputs.items()}
    return _hash_json({"stage": request.stage, "config": request.config, "inputs": inputs})


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


def _prepare(staging: Path, identity: str, *, keep: bool) -> None:
    note = staging / _REQUEST
    if not (keep and note.is_file() and note.read_text(encoding="utf-8") == identity):
        for entry in staging.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    note.write_text(identity, encoding="utf-8")


def _manifest(request: Request, identity: str, build: Build, started: datetime) -> dict[str, Any]:
    (build.directory / _REQUEST).unlink()
    files = sorted(file for file in build.directory.rglob("*") if file.is_file())
    names = [file.relative_to(build.directory).as_posix() for file in files]
    with ThreadPoolExecutor(max_workers=2) as pool:
        digests = list(pool.map(lambda name, file: build.sha256.get(name) or file_sha256(file), names, files))
    finished = datetime.now(UTC)
    return {
        "stage": request.stage,
        "request": identity,
        "config": request.config,
        "inputs": {name: {"path": str(path), "sha256": digest(path)} for name, path in request.inputs.items()},
        "outputs": {
            name: {"sha256": sha, "bytes": file.stat().st_size}
            for name, sha, file in zip(names, digests, files, strict=True)
        },
        "versions": _versions(),
        "git_commit": _git_commit(),
        "command": sys.argv,
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "seconds": round((finished - started).total_seconds(), 3),
    }


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


def elapsed(since: float) -> str:
    """Seconds since a `time.monotonic()` reading, for people: `8.2 s`, `3 min 12 s`."""
    seconds = time.monotonic() - since
    minutes = int(seconds // 60)
    return f"{minutes} min {int(seconds % 60)} s" if minutes else f"{seconds:.1f} s"
