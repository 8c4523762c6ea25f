"""The walkthrough in docs/your-own-shop.md: write its files and run its commands, from a wheel in a new folder."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shoptune.evaluate.stage import read_scores
from tests.cli.parsing import parse
from tests.conftest import ROOT
from tests.installed import Installed

TEXT = (ROOT / "docs" / "your-own-shop.md").read_text()
FILES = dict(re.findall(r"```(?:csv|yaml|python)\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
SERVE, ASK = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the walkthrough's files and nothing else."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_the_commands_are_command_lines() -> None:
    commands = [command for command in [*COMMANDS, SERVE, ASK] if not command.startswith(".venvs/")]
    assert len(commands) >= 8
    for command in commands:
        parse(command)


def test_the_data_commands_come_first() -> None:
    assert [command.startswith("shoptune data") for command in COMMANDS[:4]] == [True, True, True, False]


@pytest.mark.slow
@pytest.mark.early
def test_the_whole_walkthrough(installed: Installed, folder: Path) -> None:
    (folder / ".venvs").symlink_to(installed.environments)
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        result = installed.run(folder, *arguments, program=None if program == "shoptune" else program)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    rows = [row for file in (folder / "my-shop" / "rows").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(rows) == 24
    assert {row["task_type"] for row in rows} == {"generation", "multiple-choice"}
    scores = read_scores(folder / "my-shop" / "scores")
    assert scores["overall"]["questions"] == 2
    assert set(scores["by_task"]) == {"brand", "material"}
    with _served(installed, folder) as port:
        answer = installed.run(folder, *shlex.split(ASK.replace("8000", port))[1:])
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.strip()


@contextmanager
def _served(installed: Installed, folder: Path) -> Iterator[str]:
    """The port of the walkthrough's server, which is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    server = installed.start(folder, *shlex.split(SERVE.replace("8000", port))[1:])
    try:
        lines = iter(server.stderr.readline, "")
        said = next((line for line in lines if "ready at" in line or "error" in line), "it ended")
        assert said == f"serve: ready at http://127.0.0.1:{port}\n"
        yield port
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(60)
        installed.end(server)
