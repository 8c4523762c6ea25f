"""--quiet, --verbose, --log-file and --dry-run, on the real commands."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoptune.cli.app import app
from tests.cli.conftest import Run
from tests.cli.parsing import commands

SHOPTUNE = str(Path(sys.executable).with_name("shoptune"))
QUESTION = {"input_field": "Explain", "output_field": "a b", "metric": "rougel"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "q.json").write_text(json.dumps(QUESTION) + "\n")
    (tmp_path / "p.jsonl").write_text(json.dumps({"input_field": "Explain", "prediction": "a b"}) + "\n")
    return tmp_path


@pytest.fixture
def evaluate(files: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `shoptune evaluate` on the files, in their folder."""
    monkeypatch.chdir(files)
    return functools.partial(run_here, "evaluate", "p.jsonl", "--questions", "q.json", "--out", "out")


def test_the_options_in_a_process_of_its_own(files: Path) -> None:
    command = [SHOPTUNE, "evaluate", "p.jsonl", "--questions", "q.json", "--out", "out", "--quiet", "--log-file", "log"]
    result = subprocess.run(command, cwd=files, capture_output=True, text=True, env=dict(os.environ), check=True)
    assert result.stderr == ""
    assert "wrote" in (files / "log").read_text()


def test_a_dry_run_shows_what_would_be_done_and_writes_nothing(files: Path, evaluate: Run) -> None:
    before = sorted(files.iterdir())
    result = evaluate("--dry-run")
    assert result.returncode == 0, result.stderr
    assert "evaluate: dry run, nothing is written" in result.stderr
    assert re.search(r"reads questions: q\.json \(0\.00 MB in 1 file\)", result.stderr)
    assert re.search(r"writes out \(\d+\.\d GB free\)", result.stderr)
    assert sorted(files.iterdir()) == before


def test_a_dry_run_shows_what_changed(files: Path, evaluate: Run) -> None:
    assert evaluate().returncode == 0
    assert "out is up to date" in evaluate("--dry-run").stderr
    (files / "q.json").write_text(json.dumps(QUESTION | {"output_field": "c"}) + "\n")
    assert re.search(r"replaces out .*changed since: input 'questions'", evaluate("--dry-run").stderr)


def test_a_dry_run_reports_a_missing_input(files: Path, evaluate: Run) -> None:
    (files / "q.json").unlink()
    result = evaluate("--dry-run")
    assert result.returncode == 2
    assert result.stderr.startswith("error: q.json: no such file")


def test_an_out_that_is_a_file_is_a_one_line_error(files: Path, evaluate: Run) -> None:
    (files / "out").write_text("mine")
    for options in ((), ("--dry-run",), ("--force",)):
        result = evaluate(*options)
        assert (result.returncode, result.stderr.splitlines()[-1]) == (
            2,
            "error: out: is a file, not a directory; choose another --out",
        )
    assert (files / "out").read_text() == "mine"


def test_quiet_prints_errors_only(files: Path, evaluate: Run) -> None:
    assert evaluate("--quiet").stderr == ""
    (files / "p.jsonl").unlink()
    assert evaluate("--quiet").stderr.startswith("error: p.jsonl")


def test_verbose_prints_the_config_and_the_inputs(evaluate: Run) -> None:
    assert "sha256" not in evaluate().stderr
    printed = evaluate("--verbose", "--force").stderr
    assert re.search(r"evaluate: input questions: q\.json, sha256 [0-9a-f]{64}\n", printed)
    assert 'evaluate: config {"parsers"' in printed


def test_a_log_file_contains_all_messages_with_times(files: Path, evaluate: Run) -> None:
    evaluate("--quiet", "--log-file", "logs/run.log")
    evaluate("--log-file", "logs/run.log")
    lines = (files / "logs" / "run.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ", line) for line in lines)
    assert any("sha256" in line for line in lines)
    assert "up to date" in lines[-1]


@pytest.mark.parametrize("name", [".", "p.jsonl/run.log"])
def test_a_log_file_that_cannot_be_written_is_one_line(name: str, evaluate: Run) -> None:
    result = evaluate("--log-file", name)
    assert result.returncode == 2
    assert re.fullmatch(r"error: \S+: --log-file: cannot be written \(.*\); choose another file\n", result.stderr)


@pytest.mark.parametrize(
    "words", [words for words, command in commands() if not hasattr(command, "commands")], ids=" ".join
)
def test_every_command_has_the_options(words: tuple[str, ...]) -> None:
    text = CliRunner().invoke(app, [*words, "--help"], terminal_width=120).stdout
    assert {"--quiet", "--verbose", "--log-file"} <= set(re.findall(r"--[a-z-]+", text))
    if "--force" in text:
        assert "--dry-run" in text


def test_a_shell_can_complete_commands() -> None:
    environment = dict(os.environ) | {
        "_SHOPTUNE_COMPLETE": "complete_bash",
        "COMP_WORDS": "shoptune eva",
        "COMP_CWORD": "1",
    }
    result = subprocess.run([SHOPTUNE], capture_output=True, text=True, env=environment, check=False)
    assert "evaluate" in result.stdout.split()


def test_numbers_are_whole_on_a_narrow_terminal(tmp_path: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"a_task_with_quite_a_long_name_of_its_own": {"wanted": 7654321, "made": 1234567}}
    stats = {"by_task": counts, "drops": {}, "samples": {}, "by_split": {"train": 1234567}, "rows": 1234567}
    (tmp_path / "stats.json").write_text(json.dumps(stats))
    monkeypatch.setenv("COLUMNS", "40")
    result = run_here("data", "stats", tmp_path)
    assert result.returncode == 0
    assert "…" not in result.stdout
    assert {"7654321", "1234567"} <= set(result.stdout.split())


def test_no_flag_is_declared_twice() -> None:
    for words, command in commands():
        flags = [flag for parameter in command.params for flag in parameter.opts if flag.startswith("-")]
        assert len(flags) == len(set(flags)), words
