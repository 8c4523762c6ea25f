"""The command line as users see it: help, exit statuses, one-line errors."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import shoptune
from shoptune.cli.app import app
from shoptune.errors import refusal
from tests.cli.conftest import Run
from tests.cli.parsing import commands, parse

ROOT = Path(__file__).parents[2]
SHOPTUNE = str(Path(sys.executable).with_name("shoptune"))
COMMANDS = dict(commands())


@pytest.fixture(autouse=True)
def _in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [SHOPTUNE, *map(str, arguments)]
    environment = {"COLUMNS": "100", "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    environment |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [40, 120])
def test_every_command_has_help_with_an_example(command: tuple[str, ...], columns: int) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], terminal_width=columns)
    assert result.exit_code == 0
    assert f"Usage: shoptune {' '.join(command)} " in " ".join(result.stdout.split())
    assert "Example: shoptune" in result.stdout
    assert all(len(line) <= max(columns, 60) for line in result.stdout.split("\n"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_example_in_the_help_is_a_command_line(command: tuple[str, ...]) -> None:
    called, _ = parse(COMMANDS[command].help.partition("Example: ")[2])
    assert called[: len(command)] == command


def test_the_commands_are_found() -> None:
    assert {("data",), ("data", "build"), ("train",), ("serve",), ("ask",), ("export", "lm-eval")} <= COMMANDS.keys()


def test_help_lists_every_command() -> None:
    listed = _run("--help").stdout.partition("Commands:")[2]
    assert {line.split()[0] for line in listed.splitlines() if line.startswith("  ")} >= {path[0] for path in COMMANDS}


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys, shoptune.cli; print(sorted({'torch', 'duckdb', 'pydantic', 'numpy', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_user_error_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    config = tmp_path / "merge.yaml"
    config.write_text("base: b\nadapters: [{path: p}]\nwise_ft_alhpa: 1\n")
    result = _run("merge", config, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr == f"error: {config}: wise_ft_alhpa: unknown key; did you mean 'wise_ft_alpha'?\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["merge.yaml"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["merge", "none.yaml", "--out", "x"],
            "error: none.yaml: no such file; check the path; `shoptune configs list` lists the shipped ones",
        ),
        (["evaluate", "none.jsonl", "--questions", "q.json", "--out", "x"], "error: none.jsonl: no such file"),
        (["data", "stats", "."], "error: stats.json: no such file"),
        (["report", "src"], "error: src: contains no artifacts; choose the folder of a run, such as runs/demo"),
        (
            ["export", "none.yaml", "--model", "m", "--out", "x"],
            "error: none.yaml: no such file; check the path; `shoptune configs list` lists the shipped ones",
        ),
        (["export", "submission", "none.yaml", "--model", "m", "--out", "x"], "error: none.yaml: no such file"),
        (["export", "lm-eval", "--questions", "none.json", "--out", "x"], "error: none.json: no such file"),
        (
            ["merge", "merge/demo.yaml", "--set", "nonsense", "--out", "x"],
            "error: --set: nonsense: is not of the form key=value",
        ),
    ],
)
def test_mistakes_are_distinguished(arguments: list[str], problem: str, run_here: Run) -> None:
    result = run_here(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith(problem)
    assert "Traceback" not in result.stderr


def test_an_out_directory_with_other_things_is_refused(tmp_path: Path, run_here: Run) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").touch()
    questions = ROOT / "examples" / "questions" / "development.json"
    result = run_here("evaluate", questions, "--questions", questions, "--out", tmp_path / "mine")
    assert result.returncode == 2
    assert "contains files that shoptune did not write; choose another --out, or empty it" in result.stderr


def test_tasks_as_json_and_as_a_table(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    tasks = json.loads(run_here("data", "tasks", "--json").stdout)
    assert {"name", "source", "kind", "metric", "track", "like"} == tasks[0].keys()
    table = run_here("data", "tasks").stdout
    assert all(task["name"] in table for task in tasks)


def test_a_preview_shows_what_the_model_sees(run_here: Run) -> None:
    result = run_here("data", "preview", "data_recipes/reviews2023.yaml", "--task", "review_rating", "--rows", "1")
    assert result.returncode == 0
    assert "Your task is multiple-choice." in result.stdout
    assert "review_rating 1" in result.stdout


def test_a_preview_of_an_unknown_task_suggests_the_nearest(run_here: Run) -> None:
    result = run_here("data", "preview", "data_recipes/reviews2023.yaml", "--task", "review_ratings")
    assert result.returncode == 2
    assert "no task 'review_ratings'; did you mean 'review_rating'?" in result.stderr


def test_the_version() -> None:
    result = _run("--version")
    assert (result.returncode, result.stdout) == (0, f"shoptune {shoptune.__version__}\n")


def test_system_errors_are_one_line(tmp_path: Path) -> None:
    predictions, questions = tmp_path / "predictions.jsonl", tmp_path / "questions.json"
    for file in (predictions, questions):
        file.write_text("")
    result = _run("evaluate", predictions, "--questions", questions, "--out", "/sys/out")
    assert result.returncode == 2
    assert result.stderr.startswith("error: /sys/out.partial: ")
    assert result.stderr.endswith("; correct its permissions, or choose another path\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("number", "remedy"), [(errno.ENOSPC, "free some space"), (errno.EROFS, "choose a path on a")])
def test_a_refusal_names_the_file_and_the_remedy(number: int, remedy: str) -> None:
    problem = refusal(OSError(number, os.strerror(number), "shard.safetensors"))
    assert str(problem).startswith(f"shard.safetensors: {os.strerror(number).lower()}; {remedy}")
    assert refusal(OSError(errno.EIO, "broken")) is None


def test_help_lists_the_commands_in_pipeline_order() -> None:
    help_text = _run("-h").stdout
    commands = [line.split()[0] for line in help_text.partition("Commands:")[2].splitlines() if line.strip()]
    assert commands[:8] == ["data", "teach", "train", "sweep", "merge", "quantize", "infer", "evaluate"]


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [("ZeroDivisionError", 1, "Traceback"), ("KeyboardInterrupt", 130, "interrupted")],
)
def test_failures_and_interruptions_have_their_own_status(failure: str, status: int, said: str, tmp_path: Path) -> None:
    questions = str(ROOT / "examples" / "questions" / "development.json")
    script = f"""
from shoptune.cli import main
from shoptune.evaluate import stage
def fail(file):
    raise {failure}
stage.load_questions = fail
main(["evaluate", {questions!r}, "--questions", {questions!r}, "--out", {str(tmp_path / "out")!r}])
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert said in result.stderr
    assert ("Traceback" in result.stderr) is (status == 1)
