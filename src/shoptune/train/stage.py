"""The train stage: from rows and a base to a LoRA adapter (or a fully fine-tuned model)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import yaml

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import locate
from shoptune.errors import fail
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import Bar, bar
from shoptune.runtime.redirection import redirect_output
from shoptune.stage import Stage, environment
from shoptune.train.config import TrainConfig, load_train_config

_KEPT = (".safetensors", ".json", ".jsonl", ".jinja")
_LOG = "axolotl.log"


@dataclass(frozen=True)
class Arguments:
    """What the command line gives.

    Attributes:
        file: the training YAML.
        overrides: `key.path=value` texts.
        processes: workers on this machine, one per GPU; None for as many as the YAML's machine has cards.
    """

    file: Path
    overrides: Sequence[str] = ()
    processes: int | None = None


@dataclass(frozen=True)
class Job:
    """What to train, from which base, with how many workers (several are started by torchrun)."""

    config: TrainConfig
    base_model: Path
    processes: int = 1


def load(arguments: Arguments) -> Job:
    """Read and check the training YAML and locate its base.

    Raises:
        ShoptuneError: the YAML is faulty, or the base cannot be found.
    """
    config = load_train_config(arguments.file, arguments.overrides)
    workers = arguments.processes or (config.machine.workers if config.machine else 1)
    return Job(config, locate(config.base_model, config.file, "base_model"), workers)


def request(job: Job) -> Request:
    """What the adapter is made from."""
    inputs = {"base_model": job.base_model} | {
        str(path): path for path in [*job.config.data_files, *job.config.input_files]
    }
    return Request("train", dict(job.config.axolotl), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Train with axolotl and keep the final weights; an interrupted run continues from its last whole checkpoint.

    Raises:
        ShoptuneError: the run ended without weights.
    """
    go_offline()
    checkpoints = directory / "checkpoints"
    _remove_half_written(checkpoints)
    file = directory / "axolotl.yaml"
    file.write_text(yaml.safe_dump(job.config.for_axolotl(job.base_model, directory)), encoding="utf-8")
    _run_axolotl(file, directory / _LOG, job.processes)
    _keep_results(checkpoints, directory)
    for leftover in (checkpoints, directory / "prepared"):
        shutil.rmtree(leftover, ignore_errors=True)
    file.unlink()
    return {}


def next_command(job: Job, out: Path) -> str:
    """Merge the adapter into its base."""
    base, adapter = quote(f"base={job.config.base_model}"), quote(f"adapters=[{{path: {out}}}]")
    return f"shoptune merge MERGE.yaml --set {base} --set {adapter} --out DIR"


TRAIN: Stage[Arguments, Job] = Stage(
    "train", load, request, write, next_command, environment=environment("train"), resumes=True
)


def _run_axolotl(file: Path, log: Path, processes: int) -> None:
    """Run axolotl, with what it and its libraries print going to a log."""
    with bar("train", 1.0) as progress, redirect_output(log):
        if processes == 1:
            _run_here(file, progress)
        else:
            _run_workers(file, processes)


def _run_here(file: Path, progress: Bar) -> None:
    from axolotl.cli.args import TrainerCliArgs
    from axolotl.cli.config import load_cfg
    from axolotl.cli.train import do_train

    from shoptune.train import plugin

    plugin.progress = progress
    do_train(load_cfg(str(file)), TrainerCliArgs())


def _run_workers(file: Path, processes: int) -> None:
    import torch
    from torch.distributed.run import main as torchrun

    if not torch.cuda.is_available():  # else every worker would train a copy of its own
        os.environ.update({"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"})
    torchrun(["--nproc_per_node", str(processes), "-m", "axolotl.cli.train", str(file)])


def _remove_half_written(checkpoints: Path) -> None:
    """Drop checkpoints that a kill cut short: axolotl would choose the newest and crash on it."""
    for directory in checkpoints.glob("checkpoint-*"):
        if not (directory / "trainer_state.json").is_file():
            shutil.rmtree(directory)


def _keep_results(checkpoints: Path, directory: Path) -> None:
    if not list(checkpoints.glob("*.safetensors")):
        raise fail(checkpoints, "", "the run ended without weights", "see what axolotl printed above")
    for file in sorted(checkpoints.iterdir()):
        if file.is_file() and file.suffix in _KEPT:
            file.rename(directory / file.name)
    _sort_target_modules(directory / "adapter_config.json")


def _sort_target_modules(config: Path) -> None:
    """PEFT writes the target modules in the order of a Python set, which differs from run to run."""
    if config.is_file():
        settings = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(settings.get("target_modules"), list):
            settings["target_modules"].sort()
        config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
