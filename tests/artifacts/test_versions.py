"""The versions in manifests are those of the libraries that the process has imported."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from shoptune.artifacts.versions import imported_versions


def test_they_are_what_the_standard_library_says() -> None:
    distributions = importlib.metadata.packages_distributions()
    names = {
        name for module in {key.partition(".")[0] for key in sys.modules} for name in distributions.get(module, ())
    }
    expected = {name: importlib.metadata.version(name) for name in names}
    assert imported_versions() == expected
    assert expected["PyYAML"] == yaml.__version__
    assert list(imported_versions()) == sorted(expected, key=str.lower)


def test_a_folder_that_joins_the_path_later_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bundled-library" not in imported_versions()
    (tmp_path / "bundled_library-1.2.dist-info").mkdir()
    (tmp_path / "bundled_library-1.2.dist-info" / "METADATA").write_text("Name: bundled-library\nVersion: 1.2\n")
    (tmp_path / "bundled_library-1.2.dist-info" / "RECORD").write_text("bundled_library.py,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "bundled_library", ModuleType("bundled_library"))
    assert imported_versions()["bundled-library"] == "1.2"


def test_a_library_counts_once_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PyYAML" in imported_versions()
    for name in [name for name in sys.modules if name.partition(".")[0] in {"yaml", "_yaml"}]:
        monkeypatch.delitem(sys.modules, name)
    assert "PyYAML" not in imported_versions()
