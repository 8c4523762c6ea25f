"""SHA-256 of files, remembered for large ones: a base of 145 GB takes minutes to read, and every stage asks."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

_LARGE_BYTES = 1 << 24
_SETTLED_SECONDS = 2.0  # a file that changed just now may change again without a trace in its times


def file_sha256(path: Path) -> str:
    """The digest of a file's bytes.

    That of a large file is kept in the user's cache folder under the file's path, with its size, inode and times. The
    kernel sets a file's change time at every write, and no program can set it back, so that a remembered digest is
    never that of other bytes.
    """
    status = path.stat()
    if status.st_size < _LARGE_BYTES:
        return _read_and_hash(path)
    identity = [status.st_size, status.st_ino, status.st_dev, status.st_mtime_ns, status.st_ctime_ns]
    note = _folder() / f"{hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):  # whatever is wrong with a note, the file is there to read
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["identity"] == identity:
            return str(kept["sha256"])
    digest = _read_and_hash(path)
    if time.time() - status.st_ctime > _SETTLED_SECONDS:
        with suppress(OSError):  # a cache that cannot be written costs time only
            note.parent.mkdir(parents=True, exist_ok=True)
            staging = note.with_suffix(f".{os.getpid()}")
            staging.write_text(json.dumps({"identity": identity, "sha256": digest}), encoding="utf-8")
            staging.replace(note)
    return digest


def _read_and_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shoptune" / "digests"
