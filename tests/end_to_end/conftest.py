"""The whole pipeline at tiny size, once a session, with the real stack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from shoptune.shopbench.questions import load_questions, write_questions

ROOT = Path(__file__).parents[2]
SHOPTUNE = str(Path(sys.executable).with_name("shoptune"))

Shoptune = Callable[..., str]


def run_shoptune(*arguments: str | Path) -> str:
    """Run a command of shoptune's in the project's folder and give what it said."""
    result = subprocess.run([SHOPTUNE, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert "leaked" not in result.stderr  # what bindings say when Python may not clear up at the end
    return result.stdout + result.stderr


def python_in(environment: str, script: str, *arguments: str | Path) -> str:
    """Run a script in a heavy environment and give what it printed."""
    python = ROOT / ".venvs" / environment / "bin" / "python"
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1"}
    command = [str(python), "-W", "ignore", "-c", script, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    return result.stdout


class Pipeline:
    """The folders of one run, made in order."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.questions = directory / "questions.json"
        self.rows, self.adapters = directory / "rows", [directory / "adapter-1", directory / "adapter-2"]
        self.sweep, self.merged, self.awq = directory / "sweep", directory / "merged", directory / "awq"
        self.submission = directory / "submission"

    def config(self, name: str, source: str, **changes: object) -> Path:
        """A config of the project with some values changed, in the run's folder."""
        values = yaml.safe_load((ROOT / source).read_text(encoding="utf-8"))
        file = self.directory / name
        file.write_text(yaml.safe_dump(values | changes), encoding="utf-8")
        return file


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    made = Pipeline(tmp_path_factory.mktemp("pipeline"))
    asked = load_questions(ROOT / "examples" / "questions" / "held_out.json")
    write_questions(made.questions, asked[::10])
    few = [
        f"tasks.{name}=6" for name in yaml.safe_load((ROOT / "data_recipes/mixtures/demo-a.yaml").read_text())["tasks"]
    ]
    settings = [part for text in few for part in ("--set", text)]
    run_shoptune(
        "data", "build", "data_recipes/mixtures/demo-a.yaml", "--raw", "examples/raw", "--out", made.rows, *settings
    )
    rows = made.rows / "train-00000-of-00001.parquet"
    for number, adapter in enumerate(made.adapters):
        values = yaml.safe_load((ROOT / "training_configs/demo-a.yaml").read_text())
        values["datasets"][0] |= {"path": str(made.rows), "data_files": [str(rows)]}
        config = made.config(
            f"train-{number}.yaml", "training_configs/demo-a.yaml", datasets=values["datasets"], seed=number
        )
        run_shoptune("train", config, "--out", adapter, "--set", "max_steps=12", "--set", "save_steps=6")
    members = [{"path": str(adapter), "weight": 0.5} for adapter in made.adapters]
    merge = made.config("merge.yaml", "merge/demo.yaml", adapters=members)
    sweep = made.config(
        "sweep.yaml", "merge/sweeps/demo.yaml", merge=str(merge), questions=str(made.questions), alphas=[1.0, 0.0]
    )
    run_shoptune("sweep", sweep, "--out", made.sweep)
    run_shoptune("merge", merge, "--out", made.merged)
    quantize = ["--set", f"model={made.merged}", "--set", "calibration.max_samples=24", "--set", "awq.apply_clip=false"]
    run_shoptune("quantize", "quantize/demo.yaml", *quantize, "--out", made.awq)
    for name, model, profile in [
        ("merged", made.merged, "infer/cpu-float32.yaml"),
        ("awq", made.awq, "infer/cpu.yaml"),
    ]:
        answers = made.directory / "answers" / name
        run_shoptune("infer", profile, "--model", model, "--questions", made.questions, "--out", answers)
        scores = made.directory / "scores" / name
        run_shoptune("evaluate", answers / "predictions.jsonl", "--questions", made.questions, "--out", scores)
    run_shoptune("export", "infer/cpu.yaml", "--model", made.awq, "--track", "5", "--out", made.submission)
    run_shoptune("report", made.directory)
    return made
