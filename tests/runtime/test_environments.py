"""Each heavy stage in its own environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shoptune.errors import ShoptuneError
from shoptune.runtime import environments


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTUNE_TRAIN_PYTHON", sys.executable)
    assert environments.is_here("train")
    assert environments.python_of("train") == Path(sys.executable)
    monkeypatch.setenv("SHOPTUNE_TRAIN_PYTHON", "/bin/sh")
    assert not environments.is_here("train")


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTUNE_INFER_PYTHON", "/no/python")
    with pytest.raises(
        ShoptuneError, match="SHOPTUNE_INFER_PYTHON: no interpreter at '/no/python'; correct or unset it"
    ):
        environments.python_of("infer")


def test_the_core_environment_has_no_heavy_library() -> None:
    assert not any(environments.is_here(environment) for environment in environments.LIBRARY)


def test_a_missing_environment_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environments, "__file__", str(tmp_path / "a" / "b" / "c" / "environments.py"))
    with pytest.raises(ShoptuneError, match="run `make setup`, or set SHOPTUNE_QUANTIZE_PYTHON"):
        environments.python_of("quantize")


def test_the_environment_of_the_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / ".venvs" / "infer" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.chdir(tmp_path)
    assert environments.python_of("infer") == python
