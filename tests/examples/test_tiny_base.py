"""The committed tiny base is a whole artifact, and names nothing of the machine that made it."""

from __future__ import annotations

import json
from pathlib import Path

from shoptune.artifacts.hashing import file_sha256
from shoptune.artifacts.manifest import MANIFEST


def test_the_manifest_describes_the_files_and_no_machine(tiny_base: Path) -> None:
    text = (tiny_base / MANIFEST).read_text(encoding="utf-8")
    assert '"/' not in text  # an absolute path
    outputs = json.loads(text)["outputs"]
    assert {name: file_sha256(tiny_base / name) for name in outputs} == {
        name: output["sha256"] for name, output in outputs.items()
    }
