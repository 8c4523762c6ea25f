"""Direct I/O reads and writes the right bytes, at any offset and of any size."""

import ctypes
import hashlib
import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune.checkpoints import direct_io
from shoptune.checkpoints.direct_io import DirectWriter, memory_for_reading, read


def _write(file: Path, parts: list[bytes]) -> DirectWriter:
    writer = DirectWriter(file)
    for part in parts:
        writer.append(memoryview(part))
    writer.close()
    return writer


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(0, 10_000), max_size=8))
def test_any_parts_make_the_file(sizes: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    file, parts = tmp_path_factory.mktemp("d") / "x", [os.urandom(size) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct_io, "_BUFFER_BYTES", 4096)
        writer = _write(file, parts)
    assert file.read_bytes() == b"".join(parts)
    assert writer.size == sum(sizes)
    assert writer.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_disk_that_refuses_the_size_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_io, "_BUFFER_BYTES", 100)  # not a multiple of a block, so direct writes fail
    parts = [os.urandom(70) for _ in range(50)]
    _write(tmp_path / "x", parts)
    assert (tmp_path / "x").read_bytes() == b"".join(parts)


def test_a_file_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_io, "_BUFFER_BYTES", 4096)
    file, content = Path("/dev/shm") / f"shoptune-{os.getpid()}", os.urandom(10_000)  # noqa: S108 - what is tested
    try:
        _write(file, [content])
        assert file.read_bytes() == content
    finally:
        file.unlink(missing_ok=True)


def test_a_file_that_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(10_000))
    _write(tmp_path / "x", [b"new"])
    assert (tmp_path / "x").read_bytes() == b"new"


@pytest.mark.parametrize("size", [100, 4096, 10_000])
def test_a_full_disk_is_an_error(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_io, "_BUFFER_BYTES", 4096)
    with pytest.raises(OSError, match="No space left"):
        _write(Path("/dev/full"), [bytes(size)])


def _put_out_of_cache(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 20_000), offset=st.integers(0, 20_000), size=st.integers(1, 20_000), cached=st.booleans())
def test_any_part_of_a_file_is_read(
    length: int, offset: int, size: int, cached: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file, content = tmp_path_factory.mktemp("r") / "x", os.urandom(length)
    file.write_bytes(content)
    if not cached:
        _put_out_of_cache(file)
    memory = memory_for_reading(size)
    if offset + size > length:
        with pytest.raises(EOFError, match="ends at byte"):
            read(file, offset, size, memory)
    else:
        assert bytes(read(file, offset, size, memory)) == content[offset : offset + size]


@pytest.fixture
def on_disk(tmp_path: Path) -> Path:
    """A file of 1 MiB that is not in the page cache."""
    file = tmp_path / "on-disk"
    file.write_bytes(bytes(1 << 20))
    _put_out_of_cache(file)
    if _cached_pages(file):
        pytest.skip("this folder is kept in memory")
    return file


def test_reading_does_not_fill_the_page_cache(on_disk: Path) -> None:
    file, memory = on_disk, memory_for_reading(1 << 20)
    for _ in range(2):
        read(file, 0, 1 << 20, memory)
        assert _cached_pages(file) == 0
    file.read_bytes()
    read(file, 0, 1 << 20, memory)
    assert _cached_pages(file) == (1 << 20) // mmap.PAGESIZE


@pytest.mark.usefixtures("on_disk")
def test_writing_does_not_fill_the_page_cache(tmp_path: Path) -> None:
    _write(tmp_path / "x", [bytes(1 << 20)] * 16)
    assert _cached_pages(tmp_path / "x") == 0


def _cached_pages(file: Path) -> int:
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, flags=mmap.MAP_PRIVATE) as view:
        pages = (ctypes.c_ubyte * (-(-len(view) // mmap.PAGESIZE)))()
        first = ctypes.c_char.from_buffer(view)
        refused = ctypes.CDLL(None).mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(view)), pages)
        del first
        assert not refused
        return sum(page & 1 for page in pages)
