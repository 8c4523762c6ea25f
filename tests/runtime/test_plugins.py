"""Plug-ins are discovered by their file names."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.runtime.plugins import load_plugins, plugin_names


def test_modules_are_found_without_importing_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_plugins"
    package.mkdir()
    for name in ("__init__", "_shared", "second", "first"):
        (package / f"{name}.py").write_text(f"VALUE = '{name}'\n")
    (package / "broken.txt").write_text("not a module")
    monkeypatch.syspath_prepend(tmp_path)
    assert plugin_names("some_plugins") == ["first", "second"]
    assert {name: module.VALUE for name, module in load_plugins("some_plugins").items()} == {
        "first": "first",
        "second": "second",
    }
