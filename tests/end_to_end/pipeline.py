"""The whole pipeline at tiny size: each artifact is made once per session, when a test first asks for it.

Workers of pytest-xdist share the artifacts: the first that asks makes one, the others wait for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from shoptune.shopbench.questions import load_questions, write_questions
from tests.sharing import make_once
from tests.warm.interpreters import WarmInterpreters

ROOT = Path(__file__).parents[2]
SHOPTUNE = str(Path(sys.executable).with_name("shoptune"))
# Trained twice as the pipeline's adapters are, and killed in between, in a test of resuming.
TRAINING = ("--set", "max_steps=12", "--set", "save_steps=6", "--set", "logging_steps=1")
# A few steps of single sequences, each step's loss logged.
SEQUENCES = ("--set", "max_steps=3", "--set", "logging_steps=1", "--set", "sample_packing=false")


def shoptune(
    *arguments: str | Path, cold: bool = False, folder: Path = ROOT, variables: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """Run a shoptune command to its end, even if it fails.

    Args:
        arguments: the command's.
        cold: start every process as a user's are started; see tests/warm/interpreters.py.
        folder: the working directory.
        variables: environment variables to set.
    """
    warm = WarmInterpreters.current
    command = [SHOPTUNE] if cold else [str(warm.python("main")), "-m", "shoptune"]
    environment = {**os.environ, **({} if cold else warm.variables()), **variables}
    words = [*command, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def run_shoptune(*arguments: str | Path, cold: bool = False) -> str:
    """Run a shoptune command in the repository's root and return what it printed; `cold` as for `shoptune`."""
    result = shoptune(*arguments, cold=cold)
    assert result.returncode == 0, result.stderr
    assert "leaked" not in result.stderr  # printed by bindings if Python cannot clean up at exit
    return result.stdout + result.stderr


def python_in(environment: str, script: str, *arguments: str | Path, cold: bool = False) -> str:
    """Run a script in a heavy environment and return what it printed."""
    warm = WarmInterpreters.current.python(environment)
    python = ROOT / ".venvs" / environment / "bin" / "python" if cold else warm
    variables = {**os.environ, "HF_HUB_OFFLINE": "1", "AXOLOTL_DO_NOT_TRACK": "1"}
    command = [str(python), "-W", "ignore", "-c", script, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    return result.stdout


class Pipeline:
    """The artifacts of one run. Tests write elsewhere, since the content of `complete` is checked.

    Args:
        directory: the run's folder.
        state: a folder for the locks.
    """

    def __init__(self, directory: Path, state: Path) -> None:
        self.directory, self._state = directory, state
        self.questions = directory / "questions.json"
        directory.mkdir(parents=True, exist_ok=True)
        held_out = ROOT / "examples" / "questions" / "held_out.json"
        self._once(self.questions.name, lambda file: write_questions(file, load_questions(held_out)[::10]))

    @property
    def rows(self) -> Path:
        """A few rows of every task."""

        def make(out: Path) -> None:
            mixture = "data_recipes/mixtures/demo-a.yaml"
            tasks = yaml.safe_load((ROOT / mixture).read_text())["tasks"]
            few = [part for name in tasks for part in ("--set", f"tasks.{name}=6")]
            run_shoptune("data", "build", mixture, "--raw", "examples/raw", "--out", out, *few)

        return self._once("rows", make)

    def train_config(self, number: int = 0) -> Path:
        """The training YAML of an adapter; the number is its seed."""
        source = "training_configs/demo-a.yaml"
        datasets = yaml.safe_load((ROOT / source).read_text())["datasets"]
        rows = self.rows
        datasets[0] |= {"path": str(rows), "data_files": [str(rows / "train-00000-of-00001.parquet")]}
        return self.config(f"train-{number}.yaml", source, datasets=datasets, seed=number)

    def adapter(self, number: int) -> Path:
        """One of the two adapters, 0 or 1."""
        config = self.train_config(number)
        return self._once(f"adapter-{number + 1}", lambda out: run_shoptune("train", config, "--out", out, *TRAINING))

    @property
    def adapters(self) -> list[Path]:
        """Both adapters."""
        return [self.adapter(number) for number in (0, 1)]

    @property
    def merge_config(self) -> Path:
        """The merge YAML of both adapters."""
        members = [{"path": str(adapter), "weight": 0.5} for adapter in self.adapters]
        return self.config("merge.yaml", "merge/demo.yaml", adapters=members)

    @property
    def sweep_config(self) -> Path:
        """A sweep YAML over two alphas."""
        changes = {"merge": str(self.merge_config), "questions": str(self.questions), "alphas": [1.0, 0.0]}
        return self.config("sweep.yaml", "merge/sweeps/demo.yaml", **changes)

    @property
    def sweep(self) -> Path:
        """The sweep's artifact."""
        config = self.sweep_config
        return self._once("sweep", lambda out: run_shoptune("sweep", config, "--out", out))

    @property
    def merged(self) -> Path:
        """The merged checkpoint."""
        config = self.merge_config
        return self._once("merged", lambda out: run_shoptune("merge", config, "--out", out))

    @property
    def awq(self) -> Path:
        """The quantized checkpoint."""
        settings = [f"model={self.merged}", "calibration.max_samples=24", "awq.apply_clip=false", "parity=null"]
        changes = [part for setting in settings for part in ("--set", setting)]
        quantize = ["quantize", "quantize/demo.yaml", *changes]
        return self._once("awq", lambda out: run_shoptune(*quantize, "--out", out, cold=True))

    def answers(self, name: str) -> Path:
        """The answers of the `merged` or `awq` checkpoint, each from an engine in its own process."""
        model, profile = {
            "merged": (self.merged, "infer/cpu-float32.yaml"),
            "awq": (self.awq, "infer/cpu.yaml"),
        }[name]
        asked = ["--model", model, "--questions", self.questions]
        return self._once(f"answers/{name}", lambda out: run_shoptune("infer", profile, *asked, "--out", out))

    def scores(self, name: str) -> Path:
        """The scores of `answers`."""
        scored = [self.answers(name) / "predictions.jsonl", "--questions", self.questions]
        return self._once(f"scores/{name}", lambda out: run_shoptune("evaluate", *scored, "--out", out))

    @property
    def submission(self) -> Path:
        """The submission folder."""
        export = ["export", "infer/cpu.yaml", "--model", self.awq, "--track", "5"]
        return self._once("submission", lambda out: run_shoptune(*export, "--out", out))

    def complete(self) -> Pipeline:
        """Make all artifacts and the report."""
        _ = self.sweep, self.scores("merged"), self.scores("awq"), self.submission
        self._once("report.html", lambda _: run_shoptune("report", self.directory))
        return self

    def two_sequences(self) -> Path:
        """An adapter trained by one worker in steps of two sequences, as the reference for two workers."""
        settings = (*SEQUENCES, "--set", "gradient_accumulation_steps=2")
        config = self.train_config()
        out = self._state / "two-sequences"  # not part of the run
        return make_once(out, lambda out: run_shoptune("train", config, "--out", out, *settings), self._state)

    def config(self, name: str, source: str, **changes: object) -> Path:
        """A config of the project with some values changed, in the run's folder."""

        def make(file: Path) -> None:
            values = yaml.safe_load((ROOT / source).read_text(encoding="utf-8"))
            file.write_text(yaml.safe_dump(values | changes), encoding="utf-8")

        return self._once(name, make)

    def _once(self, name: str, make: Callable[[Path], object]) -> Path:
        return make_once(self.directory / name, make, self._state / Path(name).parent)
