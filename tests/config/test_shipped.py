"""Configs that ship with shoptune are listed, found by name and copied."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shoptune.config.shipped import FOLDERS, copy, find_config, select, shipped_files, shipped_root, summary_of
from shoptune.errors import ShoptuneError


def test_every_tracked_file_of_the_folders_ships(root: Path) -> None:
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", *FOLDERS]
    tracked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert shipped_root() == root
    assert sorted(shipped_files()) == sorted(tracked.stdout.split())


def test_every_folder_of_configs_ships_and_is_in_the_wheel(root: Path) -> None:
    project = (root / "pyproject.toml").read_text()
    assert all(f'"{folder}" = "shoptune/shipped/{folder}"' in project for folder in FOLDERS)
    assert project.count("shoptune/shipped/") == len(FOLDERS)
    assert {"data_recipes", "training_configs", "merge", "quantize", "infer"} <= set(FOLDERS)


def test_a_config_of_the_current_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = Path("infer/cpu.yaml")
    assert find_config(name) == shipped_root() / name
    name.parent.mkdir()
    name.write_text("seed: 1\n")
    assert find_config(name) == name


@pytest.mark.parametrize("name", ["infer/none.yaml", "pyproject.toml", "infer/../pyproject.toml", "src/shoptune"])
def test_nothing_else_of_the_root_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(Path(name)) == Path(name)


def test_a_folder_or_a_file_is_selected() -> None:
    assert select(["merge/sweeps", "infer/cpu.yaml"]) == [
        *(f"merge/sweeps/{name}.yaml" for name in ("demo", "search", "v7", "v8")),
        "infer/cpu.yaml",
    ]
    assert select([]) == shipped_files()


def test_an_unknown_name_has_a_remedy() -> None:
    with pytest.raises(
        ShoptuneError, match=r"infer/cpu\.yml: does not ship with shoptune; did you mean 'infer/cpu\.yaml'"
    ):
        select(["infer/cpu.yml"])


def test_copies_never_overwrite_files_that_differ(tmp_path: Path) -> None:
    files = select(["infer/cpu.yaml", "infer/t4x4.yaml"])
    assert copy(files, tmp_path) == 2
    assert copy(files, tmp_path) == 0
    (tmp_path / "infer" / "cpu.yaml").write_text("mine")
    (tmp_path / "infer" / "t4x4.yaml").unlink()
    with pytest.raises(ShoptuneError, match=r"cpu\.yaml: already exists and differs; replace it with --overwrite"):
        copy(files, tmp_path)
    assert not (tmp_path / "infer" / "t4x4.yaml").exists()
    assert copy(files, tmp_path, overwrite=True) == 2
    assert (tmp_path / "infer" / "cpu.yaml").read_bytes() == (shipped_root() / "infer" / "cpu.yaml").read_bytes()


def test_the_summary_of_a_config_is_its_first_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# shoptune merge a.yaml\n# Tracks 2 and 4. Alpha is\n# 1.\nbase: b\n# no\n")
    assert summary_of(tmp_path / "a.yaml") == "Tracks 2 and 4"
    (tmp_path / "b.yaml").write_text("# shoptune merge b.yaml\nbase: b\n")
    assert summary_of(tmp_path / "b.yaml") == ""
