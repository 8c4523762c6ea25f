"""Each stage with heavy libraries runs in its own environment."""

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
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    (tmp_path / "Makefile").touch()
    remedy = "run `make setup`, or choose another with SHOPTUNE_ENVIRONMENTS or SHOPTUNE_QUANTIZE_PYTHON"
    with pytest.raises(ShoptuneError, match=remedy):
        environments.python_of("quantize")


def test_the_environment_of_the_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / ".venvs" / "infer" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.chdir(tmp_path)
    assert environments.python_of("infer") == python


def test_a_folder_of_environments_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "elsewhere" / "train" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setenv("SHOPTUNE_ENVIRONMENTS", str(tmp_path / "elsewhere"))
    assert environments.python_of("train") == python
    with pytest.raises(ShoptuneError, match=r"elsewhere/infer: the environment is not installed; run"):
        environments.python_of("infer")


def test_environments_beside_the_running_one_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / ".venvs" / "quantize" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for prefix in (".venv", ".venvs/train"):
        monkeypatch.setattr(sys, "prefix", str(tmp_path / prefix))
        assert environments.python_of("quantize") == python


def test_without_a_checkout_the_remedy_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environments, "__file__", str(tmp_path / "a" / "b" / "c" / "environments.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    command = r"uv venv \.venvs/infer && uv pip install --python \.venvs/infer 'shoptune\[infer-cpu\]'"
    with pytest.raises(ShoptuneError, match=command):
        environments.python_of("infer")


@pytest.mark.parametrize(
    ("installed", "problem"), [(None, "has no shoptune"), ("0.0.1", r"has shoptune 0\.0\.1, this is")]
)
def test_an_environment_with_another_version_is_refused(
    installed: str | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / ".venvs" / "infer"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").touch()
    (environment / "pyvenv.cfg").touch()
    if installed:
        (environment / "lib" / "python3.11" / "site-packages" / f"shoptune-{installed}.dist-info").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ShoptuneError, match=f"{problem}.*; install shoptune .* there too"):
        environments.python_of("infer")


def test_a_module_runs_in_an_environment_as_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPTUNE_INFER_PYTHON", sys.executable)
    for environment in (None, "infer"):
        ended = environments.call(environment, "timeit", ["-h"], {"COLUMNS": "70"})
        assert ended.returncode == 0
        assert "timeit" in ended.stdout + ended.stderr
        assert environments.call(environment, "no_such_module", []).returncode == 1


@pytest.mark.parametrize(
    ("environment", "chosen", "expected"), [("quantize", None, "1"), ("quantize", "0", "0"), ("infer", None, "")]
)
def test_quantizing_uses_huge_pages_unless_the_user_decides(
    environment: str, chosen: str | None, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variable = "THP_MEM_ALLOC_ENABLE"
    monkeypatch.setenv(f"SHOPTUNE_{environment.upper()}_PYTHON", sys.executable)
    monkeypatch.delenv(variable, raising=False)
    if chosen is not None:
        monkeypatch.setenv(variable, chosen)
    (tmp_path / "shown.py").write_text(f"import os; print(os.environ.get('{variable}', ''))")
    monkeypatch.chdir(tmp_path)
    assert environments.call(environment, "shown", []).stdout.strip() == expected
