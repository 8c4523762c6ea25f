"""Bytes appended to a file past the page cache are the file's bytes, wherever the buffers end."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptune import direct_file
from shoptune.direct_file import DirectFile


def _write(file: Path, parts: list[bytes]) -> DirectFile:
    writer = DirectFile(file)
    for part in parts:
        writer.append(memoryview(part))
    writer.close()
    return writer


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(0, 10_000), max_size=8))
def test_any_parts_make_the_file(sizes: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    file, parts = tmp_path_factory.mktemp("d") / "x", [os.urandom(size) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct_file, "_BUFFER_BYTES", 4096)
        writer = _write(file, parts)
    assert file.read_bytes() == b"".join(parts)
    assert writer.size == sum(sizes)
    assert writer.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_disk_that_refuses_the_size_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct_file, "_BUFFER_BYTES", 100)  # no multiple of a block: direct writing is an error
    parts = [os.urandom(70) for _ in range(50)]
    _write(tmp_path / "x", parts)
    assert (tmp_path / "x").read_bytes() == b"".join(parts)


def test_a_file_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_file, "_BUFFER_BYTES", 4096)
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
    monkeypatch.setattr(direct_file, "_BUFFER_BYTES", 4096)
    with pytest.raises(OSError, match="No space left"):
        _write(Path("/dev/full"), [bytes(size)])
