"""The made-up shop: reproducible bytes, consistent data, and questions that are not in the training data."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="module")
def made_again(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shop")
    subprocess.run([sys.executable, "-m", "examples.make_shop", "--out", str(out)], check=True, cwd=examples.parent)
    return out


def test_the_script_regenerates_the_committed_files(examples: Path, made_again: Path) -> None:
    for folder in ("raw", "questions"):
        files = {file.relative_to(made_again) for file in (made_again / folder).rglob("*") if file.is_file()}
        assert files == {file.relative_to(examples) for file in (examples / folder).rglob("*") if file.is_file()}
        for file in sorted(files):
            assert _content(made_again / file) == _content(examples / file), file


def _content(file: Path) -> object:
    """The bytes, or what they hold where a library's version decides how it is packed."""
    if file.suffix == ".gz":
        return gzip.decompress(file.read_bytes())
    if file.suffix == ".parquet":
        return pq.read_table(file).to_pylist()
    return file.read_bytes()


def test_questions_have_all_task_types_and_tracks(examples: Path) -> None:
    for name in ("development", "held_out"):
        questions = [json.loads(line) for line in (examples / "questions" / f"{name}.json").open(encoding="utf-8")]
        assert len({question["task_type"] for question in questions}) == 5
        assert len({question["track"] for question in questions}) == 4


def test_held_out_questions_are_in_no_source_and_not_in_development(examples: Path) -> None:
    asked = {}
    for name in ("development", "held_out"):
        lines = (examples / "questions" / f"{name}.json").read_text(encoding="utf-8").split("\n")
        asked[name] = {json.loads(line)["input_field"] for line in lines if line}
    assert not asked["development"] & asked["held_out"]
    raw = "".join(str(_content(file)) for file in (examples / "raw").rglob("*") if file.is_file())
    assert not any(question in raw for question in asked["held_out"])


def test_the_shop_is_small(examples: Path) -> None:
    assert sum(file.stat().st_size for file in (examples / "raw").rglob("*") if file.is_file()) < 1_000_000
