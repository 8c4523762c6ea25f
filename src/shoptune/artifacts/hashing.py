"""SHA-256 of files. Digests of large files are cached: every stage needs them, and reading 145 GB takes minutes."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path

from shoptune.runtime.cache import cache_folder
from shoptune.runtime.progress import Bar, bar

_LARGE_BYTES = 1 << 24
_SHOWN_BYTES = 1 << 32  # show progress above this size, which takes several seconds to read
_PIECE_BYTES = 1 << 20
_MOST_READERS = 8
_SETTLED_SECONDS = 2.0  # a file that changed this recently could change again within the resolution of its times


def file_sha256(path: Path) -> str:
    """Return the digest of a file's bytes; see `files_sha256`."""
    return files_sha256([path])[0]


def files_sha256(paths: Sequence[Path]) -> list[str]:
    """Return the digests of files. They are read in parallel, and progress is shown if they are large.

    Digests of large files are cached by path, together with the file's size, inode and times. The kernel updates a
    file's change time on every write, and programs cannot reset it, so a cached digest is never stale.
    """
    known = [_remembered(path) for path in paths]
    unread = sum(path.stat().st_size for path, digest in zip(paths, known, strict=True) if digest is None)
    readers = min(_MOST_READERS, len(os.sched_getaffinity(0)))
    with (
        bar("read", unread) if unread >= _SHOWN_BYTES else nullcontext() as progress,
        ThreadPoolExecutor(readers) as pool,
    ):
        return list(pool.map(lambda path, digest: digest or _read(path, progress), paths, known))


def _read(path: Path, progress: Bar | None) -> str:
    status = path.stat()
    digest = _hashed(path, progress)
    if status.st_size >= _LARGE_BYTES and time.time() - status.st_ctime > _SETTLED_SECONDS:
        note = _note(path)
        with suppress(OSError):  # if the cache cannot be written, hashing just takes longer next time
            note.parent.mkdir(parents=True, exist_ok=True)
            staging = note.with_suffix(f".{os.getpid()}")
            staging.write_text(json.dumps({"fingerprint": _fingerprint(status), "sha256": digest}), encoding="utf-8")
            staging.replace(note)
    return digest


def _hashed(path: Path, progress: Bar | None) -> str:
    digest, piece = hashlib.sha256(), memoryview(bytearray(_PIECE_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            digest.update(piece[:count])
            if progress:
                progress.advance(count)
    return digest.hexdigest()


def _remembered(path: Path) -> str | None:
    status = path.stat()
    if status.st_size >= _LARGE_BYTES:
        with suppress(OSError, ValueError, KeyError, TypeError):  # if the cache entry is unusable, hash the file
            kept = json.loads(_note(path).read_text(encoding="utf-8"))
            if kept["fingerprint"] == _fingerprint(status):
                return str(kept["sha256"])
    return None


def _fingerprint(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns]


def _note(path: Path) -> Path:
    return cache_folder("digests") / f"{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}.json"
