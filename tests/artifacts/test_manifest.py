"""Fingerprints and manifests of artifacts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request, digest, fingerprint_of, read_manifest
from shoptune.errors import ShoptuneError


def test_a_files_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    assert digest(tmp_path / "a") == hashlib.sha256(b"hello").hexdigest()


def test_a_folders_digest_is_that_of_its_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "a").write_bytes(b"hello")
    table = {"a": hashlib.sha256(b"hello").hexdigest(), "b": hashlib.sha256(b"").hexdigest()}
    assert digest(tmp_path) == hashlib.sha256(json.dumps(table).encode()).hexdigest()
    (tmp_path / "b").rename(tmp_path / "c")
    assert digest(tmp_path) != hashlib.sha256(json.dumps(table).encode()).hexdigest()


def test_the_fingerprint_depends_on_stage_config_and_inputs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    requests = [
        Request("merge", {"x": 1, "y": 2}, {"base": tmp_path / "a"}),
        Request("infer", {"x": 1, "y": 2}, {"base": tmp_path / "a"}),
        Request("merge", {"x": 1, "y": 3}, {"base": tmp_path / "a"}),
        Request("merge", {"x": 1, "y": 2}, {"base": tmp_path / "b"}),
    ]
    assert len({fingerprint_of(request).value for request in requests}) == len(requests)
    assert fingerprint_of(requests[0]) == fingerprint_of(Request("merge", {"y": 2, "x": 1}, {"base": tmp_path / "a"}))


def test_a_missing_input_is_an_error(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    with pytest.raises(ShoptuneError, match="no such file or directory; create it first"):
        digest(tmp_path / "none")
