"""The train stage: from rows and a base to a LoRA adapter (or a fully fine-tuned model)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.artifacts.publish import MEASURED
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.checkpoints.hub import local_folder
from shoptune.config.yaml_loader import as_yaml
from shoptune.errors import fail
from shoptune.runtime.environments import go_offline
from shoptune.stage import Stage, environment
from shoptune.train.config import TrainConfig, load_train_config
from shoptune.train.exchange import JOB, METRICS, SPEED, TRANSIENT, JobFile
from shoptune.train.launch import LOG, Nodes, command, join_workers, run_workers
from shoptune.train.metrics import loss_curve, read_metrics
from shoptune.train.speed import read_rates

_ROW_FILES = ("*.parquet", "*.arrow", "*.json", "*.jsonl", "*.csv", "*.gz", "*.zst", "README.md")
_KEPT = (".safetensors", ".json", ".jsonl", ".jinja")
CURVE = "loss_curve.svg"


@dataclass(frozen=True)
class Arguments:
    """The arguments of `shoptune train`.

    Attributes:
        file: the training YAML.
        overrides: `key.path=value` texts.
        processes: workers on each machine, one per GPU; None for as many as the YAML's machine has cards.
        nodes: the machines that train together.
    """

    file: Path
    overrides: Sequence[str] = ()
    processes: int | None = None
    nodes: Nodes = field(default_factory=Nodes)


@dataclass(frozen=True)
class Job:
    """The config, the base and the machines of a training run (torchrun starts several workers).

    Attributes:
        config: the checked YAML.
        base_model: the folder of the base.
        nodes: the machines.
        downloaded: the folders of data sets that the YAML gives as Hub ids.
    """

    config: TrainConfig
    base_model: Path
    nodes: Nodes = field(default_factory=Nodes)
    downloaded: Mapping[str, Path] = field(default_factory=dict)


def load(arguments: Arguments) -> Job:
    """Read and check the training YAML and locate its base.

    Raises:
        ShoptuneError: the YAML is invalid, or the base or the rows cannot be found.
    """
    config = load_train_config(arguments.file, arguments.overrides)
    base = locate(config.base_model, config.file, "base_model")
    _ = Checkpoint(base).config  # raises if it is an adapter
    downloaded = {
        path: local_folder(path, _ROW_FILES, "dataset", file=config.file, key=key)
        for path, key in config.hub_rows().items()
    }
    return Job(config, base, _nodes(arguments, config), downloaded)


def machines(arguments: Arguments) -> Nodes:
    """The machines of a run whose rows and base need not be there yet.

    Raises:
        ShoptuneError: the YAML is invalid.
    """
    return _nodes(arguments, load_train_config(arguments.file, arguments.overrides, built=False))


def _nodes(arguments: Arguments, config: TrainConfig) -> Nodes:
    workers = arguments.processes or (config.machine.workers if config.machine else 1)
    return dataclasses.replace(arguments.nodes, processes=workers)


def request(job: Job) -> Request:
    """List everything that determines the adapter."""
    inputs = {"base_model": job.base_model} | {
        str(path): path for path in [*job.config.data_files, *job.config.input_files]
    }
    inputs |= job.downloaded
    return Request("train", dict(job.config.axolotl), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Train with axolotl and keep the final weights; an interrupted run continues from its last whole checkpoint.

    Raises:
        ShoptuneError: the run ended without weights.
    """
    go_offline()
    checkpoints = directory / "checkpoints"
    _remove_half_written(checkpoints)
    for name in TRANSIENT:
        (directory / name).unlink(missing_ok=True)
    _job_file(job, directory).write(directory / JOB)
    run_workers(
        command(directory / JOB, job.nodes, _run_name(job, directory)), directory, directory / LOG, job.config.axolotl
    )
    _keep_results(checkpoints, directory)
    if curve := loss_curve(read_metrics(directory / METRICS)):  # none when training ended before the first logged step
        (directory / CURVE).write_text(curve, encoding="utf-8")
    if rates := read_rates(directory / SPEED):
        (directory / MEASURED).write_text(json.dumps({"tokens_per_second": rates}), encoding="utf-8")
    _remove_leftovers(directory)
    return {}


def join(job: Job, out: Path) -> None:
    """Train as one of several machines that is not the first: the first prepares the folder and publishes the artifact.

    Raises:
        ShoptuneError: the workers of this machine failed.
    """
    go_offline()
    directory = out.with_name(f"{out.name}.partial")
    with tempfile.TemporaryDirectory(prefix="shoptune-node-") as scratch:
        _job_file(job, directory).write(Path(scratch, JOB))
        log = out.with_name(f"{out.name}.node{job.nodes.rank}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        join_workers(
            command(Path(scratch, JOB), job.nodes, _run_name(job, directory)), directory, log, job.config.axolotl
        )
        log.unlink()


def _job_file(job: Job, directory: Path) -> JobFile:
    config = job.config.with_rows_at(job.downloaded)  # training is offline
    return JobFile(config.file, config.axolotl, job.base_model, directory)


def next_command(job: Job, out: Path) -> str:
    """Merge the adapter into its base; what was trained in full is quantized as it is."""
    if not job.config.axolotl.get("adapter"):
        return f"shoptune quantize QUANTIZE.yaml --set {quote(f'model={as_yaml(str(out))}')} --out DIR"
    base = quote(f"base={as_yaml(job.config.base_model)}")
    adapter = quote(f"adapters=[{{path: {as_yaml(str(out))}}}]")
    return f"shoptune merge MERGE.yaml --set {base} --set {adapter} --out DIR"


TRAIN: Stage[Arguments, Job] = Stage(
    "train", load, request, write, next_command, environment=environment("train"), resumes=True
)


def _run_name(job: Job, directory: Path) -> str:
    """A name that the machines of a run agree on, so that two runs at the same port do not mix."""
    text = json.dumps([dict(job.config.axolotl), str(directory.absolute())], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _remove_half_written(checkpoints: Path) -> None:
    """Drop checkpoints that a kill cut short: axolotl would choose the newest and crash on it."""
    for directory in checkpoints.glob("checkpoint-*"):
        if not (directory / "trainer_state.json").is_file():
            shutil.rmtree(directory)


def _keep_results(checkpoints: Path, directory: Path) -> None:
    if not list(checkpoints.glob("*.safetensors")):
        log = directory / LOG
        raise fail(log, "", "the run ended without weights", "read the end of this log")
    for file in sorted(checkpoints.iterdir()):
        if file.is_file() and file.suffix in _KEPT:
            file.rename(directory / file.name)
    _sort_target_modules(directory / "adapter_config.json")


def _remove_leftovers(directory: Path) -> None:
    for folder in ("checkpoints", "prepared"):
        shutil.rmtree(directory / folder, ignore_errors=True)
    for file in [*(directory / name for name in (*TRANSIENT, SPEED, LOG)), *directory.glob("axolotl-*.yaml")]:
        file.unlink(missing_ok=True)


def _sort_target_modules(config: Path) -> None:
    """PEFT writes the target modules in the order of a Python set, which differs from run to run."""
    if config.is_file():
        settings = json.loads(config.read_text(encoding="utf-8"))
        if isinstance(settings.get("target_modules"), list):
            settings["target_modules"].sort()
        config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
