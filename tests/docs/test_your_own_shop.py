"""The walkthrough in docs/your-own-shop.md: write its files and run its commands, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shoptune.evaluate.stage import read_scores
from tests.cli.parsing import parse
from tests.conftest import ROOT
from tests.end_to_end.pipeline import shoptune

TEXT = (ROOT / "docs" / "your-own-shop.md").read_text()
FILES = dict(re.findall(r"```(?:csv|yaml)\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
SERVING = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the walkthrough's files and the parts of the repository that it uses."""
    for name in ("examples", "infer", "training_configs"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def _run(folder: Path, command: str, *, cold: bool = False) -> None:
    program, *arguments = shlex.split(command)
    assert program == "shoptune"
    result = shoptune(*arguments, folder=folder, cold=cold)
    assert result.returncode == 0, f"{command}\n{result.stderr}"


def test_the_commands_are_command_lines() -> None:
    assert len(COMMANDS) >= 8
    for command in [*COMMANDS, *SERVING]:
        parse(command)


def test_own_files_become_rows(folder: Path) -> None:
    for command in (command for command in COMMANDS if command.startswith("shoptune data")):
        _run(folder, command, cold=True)
    rows = [row for file in (folder / "my-shop" / "rows").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(rows) == 24
    assert {row["task_type"] for row in rows} == {"generation", "multiple-choice"}


@pytest.mark.slow
def test_the_whole_walkthrough(folder: Path) -> None:
    for command in COMMANDS:
        _run(folder, command)
    scores = read_scores(folder / "my-shop" / "scores")
    assert scores["overall"]["questions"] == 2
    assert set(scores["by_task"]) == {"brand", "material"}
