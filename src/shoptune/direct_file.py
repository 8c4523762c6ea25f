"""A file written from beginning to end past the page cache.

A checkpoint is as large as the memory that a machine has for copies of files. Through the page cache, every byte is
copied once more, new pages must be found for it, and what other programs read is pushed out; past it, the disk takes
the bytes from our own memory while the processor works on the next ones.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

_BUFFER_BYTES = 8 << 20  # a multiple of any disk's block


class DirectFile:
    """A new file to which bytes are appended; its last part, and a small file, goes through the page cache.

    Where the file system does not write directly, everything does.

    Args:
        file: the path; a file that is there is replaced.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._filling, self._other = mmap.mmap(-1, _BUFFER_BYTES), mmap.mmap(-1, _BUFFER_BYTES)  # begin at a page
        self._filled, self._offset = 0, 0
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._hash = hashlib.sha256()

    @property
    def size(self) -> int:
        """How many bytes were appended."""
        return self._offset + self._filled

    @property
    def sha256(self) -> str:
        """The digest of what was appended."""
        return self._hash.hexdigest()

    def append(self, data: memoryview) -> None:
        """Add bytes at the end.

        Raises:
            OSError: the disk is full, or does not take earlier bytes.
        """
        self._hash.update(data)
        while data:
            count = min(len(data), _BUFFER_BYTES - self._filled)
            self._filling[self._filled : self._filled + count] = data[:count]
            self._filled += count
            data = data[count:]
            if self._filled == _BUFFER_BYTES:
                self._hand_over()

    def close(self) -> None:
        """Write the rest and close the file.

        Raises:
            OSError: the disk is full, or does not take the bytes.
        """
        try:
            self._wait()
            self._set_direct(False)
            self._write(memoryview(self._filling)[: self._filled], self._offset)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._thread.shutdown()
        os.close(self._descriptor)

    def _hand_over(self) -> None:
        """Write the full buffer behind the work on the next one."""
        self._wait()
        if self._offset == 0:
            self._set_direct(True)
        self._writing = self._thread.submit(self._write, memoryview(self._filling), self._offset)
        self._offset += _BUFFER_BYTES
        self._filled = 0
        self._filling, self._other = self._other, self._filling

    def _wait(self) -> None:
        if self._writing:
            self._writing.result()

    def _write(self, view: memoryview, offset: int) -> None:
        while view:
            try:
                count = os.pwrite(self._descriptor, view, offset)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._set_direct(False):
                    raise OSError(error.errno, error.strerror, str(self._file)) from error
                continue
            view, offset = view[count:], offset + count

    def _set_direct(self, wanted: bool) -> bool:
        """Turn direct writing on or off; false when nothing changed, as on a file system that has no such thing."""
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        changed = flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT
        if changed == flags:
            return False
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, changed)
        except OSError:
            return False
        return True
