"""The quantize stage: from a merged checkpoint to an AWQ checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from shoptune.artifacts.manifest import Request
from shoptune.checkpoints.checkpoint import Checkpoint, locate
from shoptune.config import load as load_config
from shoptune.quantize.config import QuantizeConfig
from shoptune.quantize.pad import intermediate_size, pad_checkpoint, padded_width
from shoptune.runtime.environments import go_offline
from shoptune.runtime.progress import bar
from shoptune.runtime.redirection import redirect_output
from shoptune.stage import Stage, environment

_LOG = "autoawq.log"


@dataclass(frozen=True)
class Arguments:
    """What the command line gives: the quantize YAML and its overrides."""

    file: Path
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Job:
    """What to quantize, and how."""

    config: QuantizeConfig
    checkpoint: Checkpoint


def load(arguments: Arguments) -> Job:
    """Read the quantize YAML and locate its checkpoint.

    Raises:
        ShoptuneError: the YAML is faulty, or the checkpoint is missing.
    """
    config = load_config(arguments.file, QuantizeConfig, arguments.overrides)
    return Job(config, Checkpoint(locate(config.model, arguments.file, "model")))


def request(job: Job) -> Request:
    """What the 4-bit checkpoint is made from."""
    inputs = {"model": job.checkpoint.path, "questions": Path(job.config.calibration.questions)}
    return Request("quantize", job.config.model_dump(mode="json"), inputs)


def write(job: Job, directory: Path) -> Mapping[str, str]:
    """Pad the checkpoint with zeros, then quantize it.

    Raises:
        ShoptuneError: the checkpoint cannot be padded or quantized.
    """
    go_offline()
    config, checkpoint = job.config, job.checkpoint
    width = padded_width(intermediate_size(checkpoint), config.awq.q_group_size, config.tensor_parallel)
    padded = directory / "padded"
    padded.mkdir()
    with bar("pad", sum(spec.nbytes for spec in checkpoint.tensors.values())) as progress:
        pad_checkpoint(checkpoint, width, padded, progress)
    with bar("quantize", 1) as progress, redirect_output(directory / _LOG):
        from shoptune.quantize.awq import quantize

        quantize(Checkpoint(padded), config, directory)
        progress.advance()
    shutil.rmtree(padded)
    return {}


def next_command(_job: Job, out: Path) -> str:
    """Answer questions with the 4-bit checkpoint."""
    return f"shoptune infer PROFILE.yaml --model {quote(str(out))} --questions FILE --out DIR"


QUANTIZE: Stage[Arguments, Job] = Stage(
    "quantize", load, request, write, next_command, environment=environment("quantize")
)
