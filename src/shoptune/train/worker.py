"""`python -m shoptune.train.worker`: the process that trains, one per GPU, in the environment that has axolotl.

Usage: `worker JOB.json` trains; `worker --torchrun ARGUMENTS` starts workers through torchrun.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

import yaml

from shoptune.errors import ShoptuneError
from shoptune.runtime.parent import end_with_parent
from shoptune.runtime.process import run_as_process
from shoptune.train.config import TrainConfig
from shoptune.train.exchange import FINISHED, PROBLEMS, STOP, VERSIONS, JobFile, write_json
from shoptune.train.machine import this_machine

_USER_ERROR = 2
_LIBRARIES = ("accelerate", "axolotl", "bitsandbytes", "deepspeed", "peft", "torch", "transformers", "xformers")


def main(arguments: list[str]) -> None:
    """Train, or start torchrun; either ends when the process that started it does."""
    end_with_parent()  # a killed launcher leaves no worker behind
    if arguments[0] == "--torchrun":
        import torch
        from torch.distributed.run import main as torchrun

        if not torch.cuda.is_available():  # else every worker would train a copy of its own
            os.environ.update({"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"})
        torchrun(arguments[1:])
        return
    job = JobFile.read(Path(arguments[0]))
    from shoptune.train.plugin import Stopped

    try:
        train(job)
    except Stopped as stopped:
        print(f"shoptune: {stopped}", flush=True)  # noqa: T201 - into the log
        (job.directory / STOP).touch()
    except ShoptuneError as error:
        problems = [dataclasses.asdict(problem) | {"file": str(problem.file)} for problem in error.problems]
        write_json(job.directory / PROBLEMS, problems)
        sys.exit(_USER_ERROR)


def train(job: JobFile) -> None:
    """Check the config on this machine, then run axolotl.

    Raises:
        ShoptuneError: the config cannot train here, or the loss went wrong.
    """
    machine = this_machine(int(os.environ.get("WORLD_SIZE", "1")))
    first = os.environ.get("RANK", "0") == "0"
    config = TrainConfig(job.config, {**job.axolotl, "base_model": str(job.base_model)}).on(machine)
    if first:
        from shoptune.train.checks.run import require

        for note in require(config, machine).notes:
            print(f"shoptune: checked: {note}", flush=True)  # noqa: T201 - into the log
    if config.has_few_rows():  # axolotl would start processes a dozen times, each of which compiles its packing again
        os.environ.setdefault("AXOLOTL_DATASET_NUM_PROC", "0")
    from axolotl.cli.args import TrainerCliArgs
    from axolotl.cli.config import load_cfg
    from axolotl.cli.train import do_train

    file = job.directory / f"axolotl-{os.environ.get('RANK', '0')}.yaml"
    values = {**config.for_axolotl(job.base_model, job.directory)}
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    do_train(load_cfg(str(file)), TrainerCliArgs())
    if first:
        (job.directory / VERSIONS).write_text(json.dumps(_versions(), indent=1) + "\n", encoding="utf-8")
        write_json(job.directory / FINISHED, {})


def _versions() -> dict[str, str]:
    """Versions of the libraries that decide the weights."""
    found = {name: importlib.util.find_spec(name) for name in _LIBRARIES}
    return {name: importlib.metadata.version(name) for name, spec in found.items() if spec}


if __name__ == "__main__":
    run_as_process(lambda: main(sys.argv[1:]))
