"""Nothing outside the run's folder is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptune.artifacts.manifest import Request
from shoptune.errors import ShoptuneError
from shoptune.studio.run_folder import RunFolder
from tests.publishing import make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with two artifacts, next to a file that is not part of it."""
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("merged", "scores/base"):
        make(Request("merge", {}, {}), tmp_path / "run" / name, lambda out: (out / "text").write_text("x"))
    return tmp_path / "run"


def test_artifacts_are_found_by_their_manifests(folder: Path) -> None:
    (folder / "awq.partial").mkdir()
    run = RunFolder.open(folder)
    assert [artifact.name for artifact in run.artifacts()] == ["merged", "scores/base"]
    assert [path.name for path in run.unfinished()] == ["awq.partial"]
    merged = run.artifact("merged")
    assert merged is not None
    assert (merged.stage, merged.bytes) == ("merge", 1)
    assert run.file(merged, "text").read_text() == "x"


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/hostname", "../../run/../secret.txt"])
def test_paths_that_lead_outside_are_refused(folder: Path, name: str) -> None:
    run = RunFolder.open(folder)
    merged = run.artifact("merged")
    assert merged is not None
    with pytest.raises(ShoptuneError, match="lies outside the run's folder"):
        run.file(merged, name)
    assert not run.has(merged, name)


def test_names_from_an_address_only_choose_among_artifacts(folder: Path) -> None:
    run = RunFolder.open(folder)
    assert [run.artifact(name) for name in ("..", "../run/merged", "/etc", "", "merged/")] == [None] * 5


def test_an_artifact_with_a_link_to_the_outside_is_left_out(folder: Path) -> None:
    (folder / "merged" / "link.txt").symlink_to(folder.parent / "secret.txt")
    run = RunFolder.open(folder)
    assert [artifact.name for artifact in run.artifacts()] == ["scores/base"]
    assert run.refused() == ["merged"]
    assert run.collected() is None


def test_a_link_inside_the_run_is_fine(folder: Path) -> None:
    (folder / "merged" / "link.txt").symlink_to(folder / "scores" / "base" / "text")
    assert RunFolder.open(folder).refused() == []


def test_a_linked_folder_is_not_followed(folder: Path) -> None:
    make(Request("merge", {}, {}), folder.parent / "elsewhere", lambda out: (out / "text").write_text("x"))
    (folder / "linked").symlink_to(folder.parent / "elsewhere")
    assert [artifact.name for artifact in RunFolder.open(folder).artifacts()] == ["merged", "scores/base"]


def test_folders_that_are_not_runs_are_refused(folder: Path) -> None:
    with pytest.raises(ShoptuneError, match="no such folder"):
        RunFolder.open(folder / "absent")
    with pytest.raises(ShoptuneError, match="is an artifact of `shoptune merge`"):
        RunFolder.open(folder / "merged")
    (folder / "empty").mkdir()
    with pytest.raises(ShoptuneError, match="contains no artifacts"):
        RunFolder.open(folder / "empty")
    (folder / "empty" / "data.partial").mkdir()
    assert RunFolder.open(folder / "empty").artifacts() == []
