"""The versions in manifests are those of the libraries that the process has imported."""

from __future__ import annotations

import importlib.metadata
import sys

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


def test_a_library_counts_once_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PyYAML" in imported_versions()
    for name in [name for name in sys.modules if name.partition(".")[0] in {"yaml", "_yaml"}]:
        monkeypatch.delitem(sys.modules, name)
    assert "PyYAML" not in imported_versions()
