"""Cached digests always match the file's current bytes."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest

from shoptune.artifacts import hashing
from shoptune.artifacts.hashing import file_sha256, files_sha256
from shoptune.runtime import progress


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOPTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hashing, "_LARGE_BYTES", 4)
    monkeypatch.setattr(hashing, "_SETTLED_SECONDS", -1)
    file = tmp_path / "weights"
    file.write_bytes(b"12345678")
    return file


def _notes(large: Path) -> list[Path]:
    return list((large.parent / "cache" / "digests").glob("*"))


def test_a_digest_is_remembered(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = hashlib.sha256(b"12345678").hexdigest()
    assert file_sha256(large) == expected
    monkeypatch.setattr(hashing, "_hashed", lambda path, progress: "read again")
    assert file_sha256(large) == expected


def test_a_change_that_keeps_size_and_time_is_noticed(large: Path) -> None:
    file_sha256(large)
    before = large.stat()
    large.write_bytes(b"87654321")
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert large.stat().st_mtime_ns == before.st_mtime_ns
    assert file_sha256(large) == hashlib.sha256(b"87654321").hexdigest()


def test_a_broken_note_is_written_anew(large: Path) -> None:
    digest = file_sha256(large)
    (note,) = _notes(large)
    note.write_text("{")
    assert file_sha256(large) == digest
    assert note.read_text() != "{"


def test_a_file_that_just_changed_is_not_remembered(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_SETTLED_SECONDS", 3600)
    file_sha256(large)
    assert _notes(large) == []


def test_digests_of_small_files_are_not_cached(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_LARGE_BYTES", 9)
    file_sha256(large)
    assert _notes(large) == []


def test_many_files_in_their_order_with_progress(
    large: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    files = [large.with_name(f"file-{number}") for number in range(20)]
    for number, file in enumerate(files):
        file.write_bytes(bytes(number))
    expected = [hashlib.sha256(bytes(number)).hexdigest() for number in range(20)]
    monkeypatch.setattr(hashing, "_SHOWN_BYTES", 1)
    monkeypatch.setattr(hashing, "_PIECE_BYTES", 3)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    assert files_sha256(files) == expected
    assert re.search(r"^read: \d+%$", capfd.readouterr().err, re.MULTILINE)
