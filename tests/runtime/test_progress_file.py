"""The progress of a stage in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from shoptune.artifacts.manifest import Request
from shoptune.runtime.progress import bar
from shoptune.runtime.progress_file import PROGRESS, current, is_alive, published, read_progress
from tests.publishing import make


def test_a_bar_is_published_while_a_stage_works(tmp_path: Path) -> None:
    with published(tmp_path, {"stage": "merge"}):
        assert (read_progress(tmp_path) or {})["done"] == 0
        with bar("merge", 8) as progress:
            progress.note("layer 2")
            current().written = 0  # type: ignore[union-attr] # as if a second had passed
            progress.advance(2)
        found = read_progress(tmp_path) or {}
        assert {name: found[name] for name in ("stage", "title", "done", "note", "process")} == {
            "stage": "merge",
            "title": "merge",
            "done": 0.25,
            "note": "layer 2",
            "process": os.getpid(),
        }
        assert is_alive(found)
    assert read_progress(tmp_path) is None
    assert current() is None


def test_an_artifact_has_no_progress_file(tmp_path: Path) -> None:
    seen = []

    def fill(folder: Path) -> None:
        seen.append(read_progress(folder))
        (folder / "text").write_text("x")

    (tmp_path / "raw").write_text("raw")
    made = make(Request("data", {}, {"raw": tmp_path / "raw"}), tmp_path / "out", fill)
    assert made.manifest["outputs"].keys() == {"text"}
    assert (seen[0] or {})["inputs"] == {"raw": str(tmp_path / "raw")}
    assert (seen[0] or {})["command"] == sys.argv


def test_a_process_that_ended_is_not_alive(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    with published(tmp_path, {}):
        mine = dict(read_progress(tmp_path) or {})
    assert not is_alive(mine | {"process": int(ended.stdout)})
    assert is_alive(mine | {"host": "another", "process": -1})
    assert not is_alive(mine | {"host": "another", "updated": 0})


def test_a_malformed_file_is_ignored(tmp_path: Path) -> None:
    for text in ("", '{"done": 0.', "[]"):
        (tmp_path / PROGRESS).write_text(text)
        assert read_progress(tmp_path) is None
