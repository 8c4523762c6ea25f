"""Golden files: what a program writes, kept in the tree and compared whole."""

from __future__ import annotations

from pathlib import Path

import pytest


def check_golden(file: Path, text: str, *, update: bool) -> None:
    """Compare a text with a golden file; with `--update-golden` the file is written instead."""
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    if not file.is_file():
        pytest.fail(f"no golden file {file}: look at what is written and run pytest --update-golden")
    assert text == file.read_text(encoding="utf-8")
