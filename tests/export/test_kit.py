"""Filling a clone of the starter kit: our files are replaced, the kit's files are kept, and no changes are lost."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from shoptune.artifacts.manifest import digest
from shoptune.errors import ShoptuneError
from shoptune.export.kit import fill_kit
from shoptune.export.stage import Arguments
from shoptune.stage import only_preview

_KIT = {
    "README.md": "the kit\n",
    "Dockerfile": "FROM scratch\n",
    "local_evaluation.py": "from models.user_config import UserModel\n",
    "models/base_model.py": "class ShopBenchBaseModel:\n    '''The kit's.'''\n",
    "models/dummy_model.py": "class DummyModel: pass\n",
    "models/user_config.py": "from models.dummy_model import DummyModel\n\nUserModel = DummyModel\n",
    "aicrowd.json": json.dumps({"challenge_id": "x", "authors": ["someone"], "gpu": False, "description": "ours"}),
}


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    folder = tmp_path / "kit"
    for name, text in _KIT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    _git(folder, "init", "--quiet")
    _commit(folder)
    return folder


@pytest.fixture
def arguments(tiny_base: Path, tmp_path: Path) -> Arguments:
    (tmp_path / "profile.yaml").write_text("batch_size: 4")
    return Arguments(tmp_path / "profile.yaml", str(tiny_base), 2)


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)  # noqa: S607


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "-m", "x")


def test_a_clone_becomes_a_submission_and_keeps_the_kits_files(kit: Path, arguments: Arguments) -> None:
    fill_kit(arguments, kit)
    for name in ("README.md", "local_evaluation.py", "models/base_model.py", "models/dummy_model.py"):
        assert (kit / name).read_text() == _KIT[name]
    assert "shoptune_model" in (kit / "models" / "user_config.py").read_text()
    assert "nvidia/cuda" in (kit / "Dockerfile").read_text()
    assert json.loads((kit / "aicrowd.json").read_text()) == {
        "challenge_id": "amazon-kdd-cup-24-shopping-knowledge-reasoning",
        "authors": ["someone"],
        "gpu": True,
        "description": "ours",
    }
    digest(kit)  # every file has the size in the manifest
    assert not list(kit.glob(".shoptune*"))


def test_a_second_export_replaces_the_first_and_removes_what_is_gone(
    kit: Path, arguments: Arguments, examples: Path
) -> None:
    few_shot = f"prompting={{few_shot: {{questions: {examples}/questions/development.json}}}}"
    fill_kit(Arguments(arguments.file, arguments.model, 2, [few_shot]), kit)
    assert (kit / "models" / "few_shot.json").is_file()
    fill_kit(arguments, kit)
    assert not (kit / "models" / "few_shot.json").exists()
    digest(kit)


def test_changes_that_are_not_committed_are_not_lost(kit: Path, arguments: Arguments) -> None:
    (kit / "models" / "user_config.py").write_text("UserModel = 'mine'\n")
    (kit / "apt.txt").write_text("vim\n")
    with pytest.raises(ShoptuneError) as raised:
        fill_kit(arguments, kit)
    assert {Path(problem.file).name for problem in raised.value.problems} == {"user_config.py", "apt.txt"}
    assert (kit / "models" / "user_config.py").read_text() == "UserModel = 'mine'\n"
    assert not (kit / "lineage.json").exists()
    _commit(kit)
    fill_kit(arguments, kit)
    assert (kit / "lineage.json").is_file()


def test_a_folder_that_is_not_a_clone_is_rejected(tmp_path: Path, arguments: Arguments) -> None:
    with pytest.raises(ShoptuneError, match=r"not a clone of the starter kit: it has no aicrowd\.json"):
        fill_kit(arguments, tmp_path)


def test_a_preview_writes_nothing(kit: Path, arguments: Arguments) -> None:
    before = sorted(kit.rglob("*"))
    with only_preview():
        fill_kit(arguments, kit)
    assert sorted(kit.rglob("*")) == before
