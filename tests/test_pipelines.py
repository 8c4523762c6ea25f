"""The chain of a track, as make would run it: all commands parse, and all inputs are outputs of earlier commands."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shoptune import stage
from shoptune.cli import main
from shoptune.config import load
from shoptune.data.mixture import load_mixture
from shoptune.infer.profile import load_profile
from shoptune.quantize.config import QuantizeConfig
from shoptune.sweep.config import load_sweep
from shoptune.train.config import load_train_config

ROOT = Path(__file__).parents[1]
RUN = "runs/somewhere"
# Files that the user provides.
GIVEN = {"raw", "development.json"}
STAGES = ["data", "train", "sweep", "merge", "quantize", "infer", "evaluate", "export"]


def _commands(track: int, *variables: str) -> list[list[str]]:
    command = ["make", "--no-print-directory", "-n", "export", f"TRACK={track}", f"RUN={RUN}", *variables]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [shlex.split(line)[1:] for line in printed.replace("\\\n", " ").splitlines() if "bin/shoptune" in line]


def _paths(words: Sequence[str]) -> list[str]:
    """The files and folders that a command reads: its positional arguments and its options' values, but `--out`."""
    read = []
    for before, word in zip(["", *words], words, strict=False):
        value = word.rpartition("=")[2].strip("[]") if before == "--set" else word
        if before != "--out" and (value.startswith(RUN) or value in GIVEN or value.endswith((".yaml", ".jsonl"))):
            read.append(value)
    return read


@pytest.mark.parametrize("track", [1, 2, 3, 4, 5])
def test_every_input_is_an_earlier_output(track: int) -> None:
    made: list[str] = []
    commands = _commands(track)
    assert [command[0] for command in commands] == STAGES
    for command in commands:
        inputs = _paths(command[1:])
        assert inputs, command
        for path in inputs:
            earlier = any(path == out or path.startswith(f"{out}/") for out in made)
            assert earlier or path in GIVEN or (ROOT / path).is_file(), f"{command[0]} reads {path}"
        made.append(command[command.index("--out") + 1])
    assert made[-1] == f"{RUN}/track{track}/submission"


@pytest.mark.parametrize("track", [1, 2, 3, 4, 5])
def test_every_command_parses_and_every_config_loads(track: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    run: list[tuple[str, Any, Path]] = []
    monkeypatch.setattr(stage, "execute", lambda stage, arguments, out, **_: run.append((stage.name, arguments, out)))
    for command in _commands(track):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0, command
    assert [name for name, _, _ in run] == STAGES
    arguments = {name: given for name, given, _ in run}
    assert load_mixture(arguments["data"].file, arguments["data"].overrides).tasks
    train = load_train_config(arguments["train"].file, arguments["train"].overrides, built=False)
    assert train.axolotl["datasets"][0]["path"] == str(run[0][2])
    sweep = load_sweep(arguments["sweep"].file, arguments["sweep"].overrides)
    assert [adapter.path for adapter in sweep.merge.adapters] == [str(run[1][2])]
    assert all(adapter.weight for adapter in sweep.merge.adapters)
    assert load(arguments["quantize"].file, QuantizeConfig, arguments["quantize"].overrides).model == str(run[3][2])
    assert load_profile(arguments["infer"].file, arguments["infer"].overrides)
    assert load_profile(arguments["export"].file).engine.tensor_parallel_size == 4


def test_the_demo_asks_a_teacher_and_builds_rows_with_its_table() -> None:
    command = ["make", "--no-print-directory", "-n", "-B", "teach"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    commands = [shlex.split(line)[1:] for line in printed.splitlines() if "bin/shoptune" in line]
    made = {" ".join(command[:2]): command[command.index("--out") + 1] for command in commands}
    assert list(made) == ["data ingest", "teach data_recipes/teacher/product_types.yaml", "data build"]
    tables, table, _ = made.values()
    teach, build = commands[1:]
    assert teach[teach.index("--tables") + 1] == build[build.index("--tables") + 1] == tables
    assert build[build.index("--teacher") + 1] == table
    assert load_mixture(ROOT / build[2]).mixture.teacher[0] == "product_types"
    command = ["make", "--no-print-directory", "-n", "-B", "report"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "shoptune teach" in printed  # the demo runs it


def test_tracks_share_an_ensemble() -> None:
    ensembles = {track: _commands(track)[3][1] for track in (1, 2, 3, 4, 5)}
    assert ensembles[1] == ensembles[3] == ensembles[5] != ensembles[2] == ensembles[4]


def test_a_base_in_a_folder_reaches_every_stage_that_names_it() -> None:
    data, train, sweep, *_ = _commands(1, "BASE=models/base")
    assert "tokenizer=models/base" in data
    assert "base_model=models/base" in train
    assert "merge.base=models/base" in sweep


def test_there_are_five_tracks() -> None:
    command = ["make", "-n", "export", "TRACK=6"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "TRACK=6: the tracks are 1 to 5" in refused.stderr
