"""Read and write files without the page cache.

Large checkpoints do not fit into the page cache. Using it would cost an additional copy and page allocations, and evict
the cached files of other programs. Direct I/O transfers data between the disk and our own buffers while the processor
works on other data. If the file system does not support direct I/O, the page cache is used.
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
_BLOCK_BYTES = 4096  # a multiple of the disk's block size, to which direct reads and writes must be aligned


def memory_for_reading(size: int) -> memoryview:
    """Allocate a buffer into which `read` can read `size` bytes from any offset of a file."""
    return memoryview(mmap.mmap(-1, size + 2 * _BLOCK_BYTES))  # aligned to a page


def read(file: Path, offset: int, size: int, memory: memoryview) -> memoryview:
    """Read bytes of a file: from the page cache if they are cached, otherwise directly from the disk.

    Args:
        file: the file.
        offset: the position of the first byte.
        size: the number of bytes.
        memory: a buffer from `memory_for_reading`; the result is a part of it.

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
        os.posix_fadvise(
            descriptor, offset, size, os.POSIX_FADV_DONTNEED
        )  # the attempt to read from the cache made the kernel read the beginning ahead
        while count < before + size:
            more = os.preadv(descriptor, [whole[count:]], offset - before + count)
            if more == 0:
                raise EOFError(f"{file} ends at byte {offset - before + count}")
            count += more
        return whole[before : before + size]
    finally:
        os.close(descriptor)


def _set_direct(descriptor: int, wanted: bool) -> bool:
    """Turn direct I/O on or off. Return whether that changed anything; it does not if it is not supported."""
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
    """Read from the page cache only. Return whether it contained all the bytes."""
    try:
        return os.preadv(descriptor, [memory], offset, os.RWF_NOWAIT) == len(memory)
    except OSError:  # nothing is cached, or the file system does not support the flag
        return False


def _read_direct(descriptor: int, memory: memoryview, offset: int) -> int:
    """Read directly from the disk. Return the number of bytes; the rest must be read through the page cache."""
    if not _set_direct(descriptor, True):
        return 0
    try:
        return os.preadv(descriptor, [memory], offset)
    except OSError:
        return 0
    finally:
        _set_direct(descriptor, False)


class DirectWriter:
    """Writes a new file directly to the disk. The last part, or all of a small file, goes through the page cache.

    Args:
        file: the path; an existing file is replaced.
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
        """The number of bytes appended."""
        return self._offset + self._filled

    @property
    def sha256(self) -> str:
        """The SHA-256 digest of the bytes appended."""
        return self._hash.hexdigest()

    def append(self, data: memoryview) -> None:
        """Append bytes to the file.

        Raises:
            OSError: the disk is full, or an earlier write failed.
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
        """Write the remaining bytes and close the file.

        Raises:
            OSError: the disk is full, or a write failed.
        """
        try:
            self._wait()
            _set_direct(self._descriptor, False)
            self._write(memoryview(self._filling)[: self._filled], self._offset)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file without writing the remaining bytes."""
        self._thread.shutdown()
        os.close(self._descriptor)

    def _hand_over(self) -> None:
        """Write the full buffer in the background."""
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
