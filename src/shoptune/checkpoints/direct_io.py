"""Files read and written past the page cache.

A checkpoint is as large as the memory that a machine has for copies of files. Through the page cache, every byte is
copied once more, new pages must be found for it, and what other programs read is pushed out; past it, the disk takes
the bytes from our own memory, or puts them there, while the processor works on others. Where the file system does not
do that, all goes through the page cache.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

_BUFFER_BYTES = 8 << 20
_BLOCK_BYTES = 4096  # of a disk, or a multiple of it: direct reads and writes begin and end at one


def memory_for_reading(size: int) -> memoryview:
    """Memory that `read` can put `size` bytes in, wherever in a file they begin."""
    return memoryview(mmap.mmap(-1, size + 2 * _BLOCK_BYTES))  # begins at a page


def read(file: Path, offset: int, size: int, memory: memoryview) -> memoryview:
    """Bytes of a file: a copy from the page cache when they are there, else straight from the disk.

    Args:
        file: the file.
        offset: where they begin.
        size: how many.
        memory: from `memory_for_reading`; the result is a part of it.

    Raises:
        EOFError: the file is too short.
    """
    descriptor = os.open(file, os.O_RDONLY)
    try:
        if _is_cached(descriptor, memory[:size], offset):
            return memory[:size]
        before = offset % _BLOCK_BYTES
        whole = memory[: -(-(before + size) // _BLOCK_BYTES) * _BLOCK_BYTES]
        count = _read_direct(descriptor, whole, offset - before)
        os.posix_fadvise(descriptor, offset, size, os.POSIX_FADV_DONTNEED)  # to ask made the kernel fetch the beginning
        while count < before + size:
            more = os.preadv(descriptor, [whole[count:]], offset - before + count)
            if more == 0:
                raise EOFError(f"{file} ends at byte {offset - before + count}")
            count += more
        return whole[before : before + size]
    finally:
        os.close(descriptor)


def _set_direct(descriptor: int, wanted: bool) -> bool:
    """Turn direct access on or off; false when nothing changed, as on a file system that has no such thing."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    changed = flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT
    if changed == flags:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, changed)
    except OSError:
        return False
    return True


def _is_cached(descriptor: int, memory: memoryview, offset: int) -> bool:
    """Read what the page cache holds; false when that is not all."""
    try:
        return os.preadv(descriptor, [memory], offset, os.RWF_NOWAIT) == len(memory)
    except OSError:  # nothing is there, or the file system cannot tell
        return False


def _read_direct(descriptor: int, memory: memoryview, offset: int) -> int:
    """How many bytes came straight from the disk; the rest must come another way."""
    if not _set_direct(descriptor, True):
        return 0
    try:
        return os.preadv(descriptor, [memory], offset)
    except OSError:
        return 0
    finally:
        _set_direct(descriptor, False)


class DirectWriter:
    """A new file to which bytes are appended; its last part, and a small file, goes through the page cache.

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
            _set_direct(self._descriptor, False)
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
            _set_direct(self._descriptor, True)
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
                if error.errno != errno.EINVAL or not _set_direct(self._descriptor, False):
                    raise OSError(error.errno, error.strerror, str(self._file)) from error
                continue
            view, offset = view[count:], offset + count
