"""The train stage: from rows and a base to a LoRA adapter (or a fully fine-tuned model)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import yaml

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import Artifact, Build, make
from shoptune.checkpoints.checkpoint import locate
from shoptune.errors import fail
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import Bar, bar
from shoptune.runtime.redirection import redirect_output
from shoptune.train.config import TrainConfig

_KEPT = (".safetensors", ".json", ".jsonl", ".jinja")
_LOG = "axolotl.log"


def request(config: TrainConfig, base_model: Path) -> Request:
    """What the adapter is made from."""
    inputs = {"base_model": base_model} | {str(path): path for path in config.data_files}
    return Request("train", dict(config.axolotl), inputs)


def run(config: TrainConfig, out: Path, *, processes: int = 1, force: bool = False) -> Artifact:
    """Train with axolotl and keep the final weights.

    An interrupted run of the same request goes on from its last whole checkpoint.

    Args:
        config: what to train, and how.
        out: the artifact's directory.
        processes: workers on this machine, one a GPU; several are started by torchrun.
        force: train even when the artifact is up to date.

    Raises:
        ShoptuneError: the base cannot be had, or the run ended without weights.
    """
    base_model = locate(config.base_model, config.file, "base_model")

    def write(build: Build) -> None:
        go_offline()
        checkpoints = build.directory / "checkpoints"
        _remove_half_written(checkpoints)
        file = build.directory / "axolotl.yaml"
        file.write_text(yaml.safe_dump(config.for_axolotl(base_model, build.directory)), encoding="utf-8")
        _run_axolotl(file, build.directory / _LOG, processes)
        _keep_results(checkpoints, build.directory)
        for leftover in (checkpoints, build.directory / "prepared"):
            shutil.rmtree(leftover, ignore_errors=True)
        file.unlink()

    return make(request(config, base_model), out, write, force=force, resume=True)


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
